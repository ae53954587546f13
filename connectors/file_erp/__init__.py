"""An ERP of the batch kind: orders go out as files, and its answers come back as files, hours later.

    erp        the port `SalesOrders`
    book       what we handed over and what was answered, a file an order each
    table      an order as rows, an answer as values; pure

Folders below the root: `orders` and `answers` are theirs too, `crossdock/` is ours. A file is handed over by renaming
it out of `crossdock/ready`; what is not there any more has been handed over. Customers go with the order.
"""
