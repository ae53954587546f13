"""Which fulfillments are ours: before a parcel is told, it is noted on its order under our key.

A fulfillment has no field of ours, and `fulfillmentCreate` no key. So the same request first sets a metafield of the
order (`crossdock.parcel-<digest of the key>`: location, lines, numbers), then ships. Whatever becomes of the answer,
a fulfillment with that location, those lines and that number is known to be ours, and of which key. A refused parcel's
note is marked, so that it never stands for another's fulfillment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from canonical.ids import digest
from canonical.ports.aftersales import ChannelFulfillment, FulfillmentWrite
from connectors.shopify.fields import NAMESPACE
from connectors.shopify.reading import gid

_PREFIX: Final = "parcel-"


@dataclass(frozen=True, slots=True)
class Claim:
    """A parcel we told, or tried to. `numbers`: every tracking number it ever had."""

    key: str
    location_id: str
    lines: Mapping[str, int]
    numbers: tuple[str, ...]
    refused: bool = False

    @classmethod
    def of(cls, write: FulfillmentWrite) -> "Claim":
        number = write.parcel.tracking_number
        return cls(write.key, write.location_id, dict(write.lines), (number,) if number else ())

    def same_goods(self, other: "Claim") -> bool:
        """Whether the same key may stand for both."""
        return (self.location_id, dict(self.lines)) == (other.location_id, dict(other.lines))

    def fits(self, shipped: ChannelFulfillment) -> bool:
        """Whether this can be the parcel of that fulfillment."""
        numbers = (not self.numbers and not shipped.numbers) or bool(set(self.numbers) & set(shipped.numbers))
        there = (shipped.location_id, dict(shipped.lines)) == (self.location_id, dict(self.lines))
        return shipped.live and there and numbers


def metafield(claim: Claim, order_id: str) -> dict[str, str]:
    """The note as Shopify takes it."""
    told = {
        "key": claim.key,
        "location": claim.location_id,
        "lines": dict(claim.lines),
        "numbers": list(claim.numbers),
        "refused": claim.refused,
    }
    return {
        "ownerId": gid("Order", order_id),
        "namespace": NAMESPACE,
        "key": f"{_PREFIX}{digest(claim.key)[:24]}",
        "type": "json",
        "value": orjson.dumps(told).decode(),
    }


def claims_in(node: Mapping[str, Any]) -> dict[str, Claim]:
    """The notes on an order, by key. What somebody else made unreadable is no note of ours."""
    found: dict[str, Claim] = {}
    for field in (node.get("metafields") or {}).get("nodes") or ():
        if str(field["key"]).startswith(_PREFIX) and (claim := _claim(field["value"])):
            found[claim.key] = claim
    return found


def _claim(text: str) -> Claim | None:
    try:
        told = orjson.loads(text)
        lines = {str(line): int(quantity) for line, quantity in told["lines"].items()}
        numbers = tuple(str(number) for number in told["numbers"])
        return Claim(str(told["key"]), str(told["location"]), lines, numbers, bool(told.get("refused")))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None


def claimed(claims: Iterable[Claim], shipped: Iterable[ChannelFulfillment]) -> dict[str, str]:
    """Which fulfillment each key made: fulfillment id by key. Those with a number choose first, they are surer."""
    found: dict[str, str] = {}
    free = {one.id: one for one in shipped}
    for claim in sorted(claims, key=lambda one: not one.numbers):
        match = next((one.id for one in free.values() if not claim.refused and claim.fits(one)), None)
        if match is not None:
            found[claim.key] = match
            del free[match]
    return found
