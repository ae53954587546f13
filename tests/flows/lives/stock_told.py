"""What a warehouse does to its own stock, at random, and what it tells of it: doubled, late, in any order. Seeded."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from canonical.records import Delivery
from canonical.settlement import MovementPosting
from canonical.warehouse import StockMovement, WarehouseEvent, WarehouseEventKind
from canonical.warehouse_messages import delivery_of
from flows.runtime import utc_now
from tests.flows.lives.conftest import LifeHouse

REASONS = ("count", "scrap", "transfer", "receipt")
Shelves = Counter[tuple[str, str]]
"""Pieces by item and location."""


def moved(
    number: int, dice: random.Random, items: Sequence[str], places: Sequence[str], at: datetime
) -> WarehouseEvent:
    """One thing that happened to stock."""
    reason, here = dice.choice(REASONS if len(places) > 1 else REASONS[:2]), dice.choice(places)
    pieces = dice.randint(1, 5)
    sign = {"scrap": -1, "count": dice.choice((-1, 1))}.get(reason, 1)
    there = dice.choice([place for place in places if place != here]) if reason == "transfer" else None
    movement = StockMovement(
        item=dice.choice(items), quantity=Decimal(sign * pieces), location=here, to_location=there, reason=reason
    )
    return WarehouseEvent(
        id=f"m{number}",
        system="wms",
        kind=WarehouseEventKind.STOCK_MOVED,
        occurred_at=at + timedelta(seconds=number),
        location=here,
        movement=movement,
    )


def shelves(moves: Sequence[StockMovement] | Sequence[MovementPosting]) -> Shelves:
    """What these moves come to."""
    found: Shelves = Counter()
    for move in moves:
        pieces = int(move.quantity)
        found[move.item, move.location] += pieces if move.to_location is None else -pieces
        if move.to_location is not None:
            found[move.item, move.to_location] += pieces
    return found


def told(events: Sequence[WarehouseEvent], dice: random.Random) -> list[Delivery]:
    """The messages: a third of them twice, a tenth once more as another message; in any order, within limits of age."""
    messages = [delivery_of(event, "north") for event in events]
    again = [m for m in messages if dice.random() < 0.33]
    other = [m.model_copy(update={"delivery_key": f"{m.delivery_key}/pushed"}) for m in messages if dice.random() < 0.1]
    every = [*messages, *again, *other]
    late = {
        id(m): n + dice.uniform(0, 400) for n, m in enumerate(sorted(every, key=lambda m: m.occurred_at or utc_now()))
    }
    return sorted(every, key=lambda m: late[id(m)])


async def tell_all(house: LifeHouse, messages: Sequence[Delivery], dice: random.Random, most: int = 800) -> int:
    """They arrive in parts, a run of fulfillment between them, until none waits. Returns how many runs it took."""
    rest, runs = list(messages), 0
    while rest or any(row.kind == "warehouse" for row in await house.store.summary()):
        part, rest = rest[:most], rest[most:]
        await house.store.put(part)
        house.wait(minutes=6)
        await house.fulfil()
        runs += 1
        assert runs < 500, f"the messages go round: {await house.store.summary()}; {await house.store.lanes()}"
    return runs
