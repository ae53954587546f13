"""Writing fields back to orders: metafields in the namespace `crossdock`, 25 a call, one outcome each."""

from collections.abc import Mapping, Sequence
from typing import Any

from canonical.errors import CrossdockError, RejectedError
from canonical.outcomes import Failed, Outcome, Settled
from canonical.records import FieldWrite
from connectors.shopify.client import ShopifyClient
from connectors.shopify.errors import user_error

NAMESPACE = "crossdock"
MOST = 25
"""Metafields one call may carry (Shopify's limit)."""


async def write_fields(client: ShopifyClient, updates: Sequence[FieldWrite]) -> list[Outcome[str]]:
    """One outcome per update, in order. After a call that failed as a whole nothing more is sent."""
    outcomes: list[Outcome[str]] = []
    for start in range(0, len(updates), MOST):
        chunk = updates[start : start + MOST]
        try:
            outcomes += await _write_chunk(client, chunk)
        except CrossdockError as error:
            return outcomes + [Failed(error)] * (len(updates) - start)
    return outcomes


async def _write_chunk(client: ShopifyClient, chunk: Sequence[FieldWrite]) -> list[Outcome[str]]:
    """Shopify writes all of a call or nothing; so the ones it names are failed, and the others sent again."""
    failed = {place: _no_order(update) for place, update in enumerate(chunk) if not update.order_id.isdecimal()}
    while remaining := [place for place in range(len(chunk)) if place not in failed]:
        answer = await client.call(
            "set_order_fields", {"metafields": [_metafield(chunk[place]) for place in remaining]}
        )
        errors = (answer.data.get("metafieldsSet") or {}).get("userErrors") or []
        if not errors:
            break
        failed |= _failures(errors, remaining, chunk, answer.headers)
    return [failed.get(place) or Settled(update.order_id) for place, update in enumerate(chunk)]


def _failures(
    errors: Sequence[Mapping[str, Any]], sent: Sequence[int], chunk: Sequence[FieldWrite], headers: Mapping[str, str]
) -> dict[int, Failed]:
    """The failed places of the chunk. An error that names no place fails all that were sent."""
    found: dict[int, Failed] = {}
    for error in errors:
        path = [str(part) for part in error.get("field") or ()]
        index = int(path[1]) if len(path) > 1 and path[1].isdecimal() else None
        places = [sent[index]] if index is not None and index < len(sent) else sent
        for place in places:
            update = chunk[place]
            ours = user_error([error], headers, update.order_id)
            found.setdefault(place, Failed(_named(ours, update)))
    return found


def _named(error: CrossdockError, update: FieldWrite) -> CrossdockError:
    """The error with our own name of the field in place of Shopify's path."""
    error.field = f"{NAMESPACE}.{update.field}"
    return error


def _no_order(update: FieldWrite) -> Failed:
    words = "this is no order id of Shopify's: those are digits"
    return Failed(RejectedError(words, code="order_id_invalid", document=update.order_id, field="order_id"))


def _metafield(update: FieldWrite) -> dict[str, str]:
    return {
        "ownerId": f"gid://shopify/Order/{update.order_id}",
        "namespace": NAMESPACE,
        "key": update.field,
        "type": "multi_line_text_field" if "\n" in update.value else "single_line_text_field",
        "value": update.value,
    }
