"""The work of product sync, without Prefect."""
