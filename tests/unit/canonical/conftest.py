"""Property tests here: no deadline an example (machines are shared), nothing written beside the repository's files."""

from hypothesis import settings

settings.register_profile("crossdock", deadline=None, database=None)
settings.load_profile("crossdock")
