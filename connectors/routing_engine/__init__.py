"""An outside routing engine over HTTP: orders, who may be asked and what is free go out, decisions come in.

Its decisions count only as far as they can be: see `canonical.rules.routing.checking`.
"""
