"""A real Lambda ERP 1.2 as the sandbox's second ERP: `seed` makes its database, `serve` runs it as its own process.

Small and fast where Tryton is complete and slow. Both from the first day keep the ports free of either's habits.
"""
