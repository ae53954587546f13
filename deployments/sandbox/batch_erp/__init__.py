"""A small ERP of the batch kind for the sandbox: reads files of orders when it gets round to it, and answers in files.

It knows the goods, places and taxes of the catalogue, books each key once, and refuses what it does not know. What
real ones do wrong it does on demand: answer late, in part, twice.
"""
