"""Properties of returns: no deadline an example, for machines are shared, and nothing written beside the files."""

from hypothesis import settings

settings.register_profile("crossdock", deadline=None, database=None)
settings.load_profile("crossdock")
