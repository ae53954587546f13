"""A small routing engine: the stand-in for an order management system that decides where orders leave from.

It looks at one order after another and asks again and again who ships the most of what is left, the earliest, then by
name. It keeps nothing between requests. `/_sandbox/faults` makes it slow, broken, or wrong.
"""
