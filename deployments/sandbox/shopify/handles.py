"""Handles: the part of a page's address that names a product or collection, unique within its kind."""

import html
import re
import unicodedata

from deployments.sandbox.shopify.registry import Call

LONGEST = 255
_APART = re.compile(r"[^a-z0-9]+")
_TAG = re.compile(r"<[^>]+>")


def handle_of(text: str) -> str:
    """A handle made of a text.

    >>> handle_of("  Crème Brûlée (2 pcs)")
    'creme-brulee-2-pcs'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _APART.sub("-", plain).strip("-") or "untitled"


def owner_of(call: Call, type_name: str, handle: str) -> str | None:
    """The id of the record of a type that has the handle."""
    return next(iter(call.space.indexes.ids(type_name, "handle", handle)), None)


def free_handle(call: Call, type_name: str, title: str) -> str:
    """A handle made of a title that nothing has yet: a number follows when it is taken."""
    base = handle_of(title)[:LONGEST]
    if owner_of(call, type_name, base) is None:
        return base
    suffix = 1
    while owner_of(call, type_name, f"{base}-{suffix}") is not None:
        suffix += 1
    return f"{base}-{suffix}"


def plain_text(markup: str) -> str:
    """The words of a piece of HTML."""
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())
