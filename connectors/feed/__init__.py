"""A product feed: files of a PIM on a disk, an SFTP server or an object store, read by fsspec.

    source     the port `ProductSource`: files that changed since the cursor, products in parts
    files      what lies at the address, and how it differs from last time
    layout     which column or key is which field; declared, not guessed
    tables     CSV, JSON and JSON Lines as rows of one shape
    values     one cell as a value of ours
    products   the rows of one product as a product, or what is wrong with them: file, line, field

A row that is wrong takes its own product out, and nothing else.
"""
