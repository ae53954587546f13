"""Keys and ids: a function of the business change, never of the attempt.

A key made inside a retry loop doubles documents. So keys are derived here, once, from what the change is about,
stored on the effect row before anything is sent, and sent with every attempt.
"""

import hashlib
import json
import re
import uuid
from typing import Any

_PART = re.compile(r"[^A-Za-z0-9._#/-]+")
_NAMESPACE = uuid.UUID("6f0f3b7e-2f0b-5b0e-9c55-0c0f0a3d5d0c")


def effect_key(scope: str, operation: str, *subject: str) -> str:
    """The idempotency key of one outbound write, readable and unique.

    `scope` is the shop or company, so that two shops never share a key. Parts are escaped so that no two different
    subjects give the same key. Raises `ValueError` when a part is empty.

    >>> effect_key("north", "sales-order.create", "5123")
    'north:sales-order.create:5123'
    """
    parts = (scope, operation, *subject)
    if len(parts) < 3 or not all(parts):
        raise ValueError("an effect key needs a scope, an operation and a subject, none of them empty")
    return ":".join(_escape(part) for part in parts)


def _escape(part: str) -> str:
    return _PART.sub(lambda m: "".join(f"%{b:02X}" for b in m.group(0).encode()), part)


def key_uuid(key: str) -> str:
    """The same key as a UUID, for systems that want one (Shopify's `@idempotent`)."""
    return str(uuid.uuid5(_NAMESPACE, key))


def delivery_key(channel: str, shop: str, delivery_id: str) -> str:
    """What makes a delivery unique in the inbox: channel, shop and the sender's own delivery id."""
    return effect_key(shop, channel, delivery_id)


def aggregate_key(scope: str, kind: str, native_id: str) -> str:
    """What is processed one at a time and in order: one order, one return, one SKU at one location."""
    return effect_key(scope, kind, native_id)


def correlation_id(scope: str, kind: str, native_id: str) -> str:
    """One id for all that happens to a document. Derived, so every entrance finds the same one without a look-up.

    >>> correlation_id("north", "order", "5123") == correlation_id("north", "order", "5123")
    True
    """
    return str(uuid.uuid5(_NAMESPACE, aggregate_key(scope, kind, native_id)))


def digest(content: Any) -> str:
    """SHA-256 over the canonical JSON of a request: equal content, equal digest, whatever the key order."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def chunk_key(keys: list[str]) -> str:
    """The cache key of a chunk: a hash of its sorted effect keys (Prefect allows 2,000 characters)."""
    return digest(sorted(keys))
