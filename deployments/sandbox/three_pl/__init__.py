"""A small third-party warehouse for the sandbox: takes files of orders, writes acknowledgements, shipments, returns.

It works in two folders that it shares with its customer, `orders` and `incoming`, and keeps its own book in `house`.
What real ones do wrong it does on demand: answer late, only partly, twice, with bad rows.
"""
