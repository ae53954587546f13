"""A real Tryton 8.2 as the sandbox's ERP: `build` makes its database, `serve` runs it as a process of its own.

Tryton is GPL-3.0-or-later and stays on its side of the network: nothing outside this folder imports it. It runs as
published, without a module of ours, so what works here works on a Tryton that somebody else operates.
"""
