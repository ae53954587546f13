"""Lambda ERP as an ERP, over its REST API with a bearer key.

    erp          the port: customers, sales orders, read back, cancel
    orders       one document: create, balance, submit, each step found again after a crash
    settlement   what follows an order: moving, invoicing, paying; `keeping` keeps each under its key
    customers    find or create
    mapper       a document as the values of a sales order; pure
    client       one call, its answer or our error

It books nothing on an order: the invoice does, later. So a sold gift card is a line of its item without tax, and
tenders are told in the remarks.
"""
