"""What the channel still counts as committed of the orders we know: asked where a figure has to be read.

A fulfillment that nobody has read lowers what the channel has committed, and would hide an order that nobody has read.
So the channel is asked for the very lines we count. What it does not tell, or what we do not ask for because there are
too many, counts as fulfilled: then a figure is too low until those fulfillments are read, never too high.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from decimal import Decimal

from canonical.ports.stock import Commitment
from flows.handling.stock.papers import Offer, PublishBatch
from flows.handling.stock.snapshot import Snapshot
from flows.runtime import Runtime

At = tuple[str, str, str]
_ZERO, _ONE = Decimal(0), Decimal(1)


async def commitments_of(rt: Runtime, offers: Sequence[Offer]) -> dict[At, list[Commitment]]:
    """The lines we count as committed at these places. To be read before the demand is."""
    wanted: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for offer in offers:
        wanted[offer.shop] |= {(item, offer.place.location_id) for item, _ in offer.parts}
    found: dict[At, list[Commitment]] = defaultdict(list)
    for shop, pairs in wanted.items():
        skus, places = [sku for sku, _ in pairs], [place for _, place in pairs]
        for line in await rt.stock_book.commitments(shop, skus, places, rt.settings.asked_orders):
            if (line.sku, line.location) in pairs:
                found[shop, line.sku, line.location].append(line)
    return found


async def still_committed(
    rt: Runtime,
    batch: PublishBatch,
    snapshot: Snapshot,
    committed: Mapping[At, Decimal],
    lines: Mapping[At, Sequence[Commitment]],
    exact: Set[At],
) -> dict[At, Decimal]:
    """Base units of known orders in what the channel has committed at each place, by its own words now.

    `exact`: where memory tells what unread orders took, lines beyond the bound are believed. To be asked after the
    levels were read.
    """
    asked = {at: some for at, some in lines.items() if committed.get(at) and some}
    told: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for shop in sorted({at[0] for at in asked}):
        orders = sorted({line.order_id for at, some in asked.items() if at[0] == shop for line in some})
        for one in await rt.stock_channels[shop].committed_lines(orders):
            told[shop, one.order_id, one.line_id, one.location_id] += one.pieces
        batch.reads += 1
    known: dict[At, Decimal] = {}
    for at in committed:
        some = asked.get(at, ())
        beyond = snapshot.committed(*at) - sum((line.quantity for line in some), _ZERO)
        rest = max(_ZERO, beyond) if at in exact else _ZERO
        known[at] = rest + sum((_still(rt, at[0], line, told) for line in some), _ZERO)
    return known


def _line_of(line: Commitment) -> str:
    """The order's line: without the kit's item, and without the location of a line that waits at several."""
    return line.line_id.partition("@")[0].partition("/")[0]


def _still(rt: Runtime, shop: str, line: Commitment, told: Mapping[tuple[str, str, str, str], int]) -> Decimal:
    """Never more than we count ourselves: an edit in between that added pieces is no order we know."""
    each = _ONE
    if line.sold_as is not None:
        each = dict(rt.mappings.components(shop, line.sold_as, None) or ()).get(line.sku, _ZERO)
    pieces = told.get((shop, line.order_id, _line_of(line), line.location), 0)
    return min(line.quantity, pieces * each)
