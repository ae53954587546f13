"""The PIM of the sandbox: a product feed made of the catalogue, as files.

It knows what the ERP does not: words, pictures, options, tags, collections, translations, customs codes. Prices and
which variants there are it leaves to the ERP. The key of a product is the SKU of its first variant, which is what the
ERP calls a product without a code of its own.
"""
