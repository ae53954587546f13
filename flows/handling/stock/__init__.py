"""Inventory publication without Prefect: what arrives, what is computed, what is published, what is compared."""
