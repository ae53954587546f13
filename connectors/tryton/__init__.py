"""Tryton 8 as an ERP, over its own JSON-RPC. Nothing of ours is installed in it.

    erp          the port: customers, sales orders, read back, cancel
    bookings     a batch of documents through Tryton's states, one outcome each
    cancelling   undo a sale that has not shipped
    settlement   what follows a sale: shipping, invoicing, paying, returning, crediting, moving
    work         a batch of those on its way, one of each sale at a time
    parties, addresses, directory     what a sale points to, found in batches
    mapper       a document as the values of a sale; pure
    client       one call: session, warnings, errors

Modules it needs in Tryton: sale, web_shop, sale_payment, sale_gift_card, account_invoice_stock; for what follows a sale
also account_payment_clearing and stock_package_shipping.
"""
