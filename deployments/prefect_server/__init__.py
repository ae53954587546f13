"""Prefect's server under our profile, told to take SQLite's write lock when a transaction begins (`sqlite.py`).

python -m deployments.prefect_server --host 127.0.0.1 --port 4200     the arguments of `prefect server start`
"""
