"""A Tryton database as a warehouse, over its own REST interface with a key. Nothing of ours is installed in it.

    warehouse   the port `Warehouse`
    tasks       a request as it stands there: a consignee that carries our key, and its shipments
    content     what we asked for, kept with the consignee; pure
    writing     hand over, amend, cancel
    telling     the events that a task, a return or a move tells; pure
    polling     what changed since a cursor
    rest        one call

A request is a consignee (party) whose code is our key: Tryton keeps codes of parties unique, and a shipment that
people delete, split or make anew still goes to the same consignee. Shipment ids and numbers are only told, never
looked up. Modules it needs in Tryton: stock_lot, stock_package_shipping.
"""
