"""One module a business process; `steps/` holds the reusable Prefect tasks."""
