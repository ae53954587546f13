"""Shopify's published sample webhooks, and the schema, as the sandbox carries them."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any, cast

from tests.processes import ROOT

DATA = ROOT / "deployments" / "sandbox" / "shopify" / "data"


@cache
def _loaded(name: str) -> Any:
    return json.loads(gzip.decompress(Path(DATA / name).read_bytes()))


def webhook_samples() -> dict[str, Any]:
    """Topic -> body."""
    return cast("dict[str, Any]", _loaded("webhook-samples-2026-07.json.gz"))


def published_schema() -> dict[str, Any]:
    """The introspection of Admin API 2026-10 with the scopes of every field."""
    return cast("dict[str, Any]", _loaded("admin-2026-10.json.gz"))


def sample(topic: str) -> Any:
    """A fresh copy of a sample body."""
    return json.loads(json.dumps(webhook_samples()[topic]))
