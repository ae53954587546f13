"""Our own database, as one more system: SQLite by default, PostgreSQL by URL, the same promises on both.

Start at `store.open_store`. Synchronous functions over one connection hold the SQL; `store.StoreFacade` runs them in
threads, so that nothing blocks the event loop; `intake` groups the commits of the gateway.
"""
