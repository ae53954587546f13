"""A warehouse management system for the sandbox: a second Tryton database, `wms`, as a process of its own.

It has its own goods, stock, shipments and key, and knows nothing of the ERP's database. It runs as published, without
a module of ours; the connector reaches it by Tryton's REST interface.
"""
