"""Where our Prefect settings are, for programs that have not imported Prefect yet: it reads them when imported."""

import os
from pathlib import Path

PROFILE = Path(__file__).parent / "prefect_profile.toml"


def use_our_profile() -> None:
    """Our profile and no telemetry, unless the environment says otherwise. Call it before anything imports Prefect."""
    os.environ.setdefault("PREFECT_PROFILES_PATH", str(PROFILE))
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
