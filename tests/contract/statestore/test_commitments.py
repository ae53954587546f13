"""The lines behind what a channel has committed: one by one, so that the channel can be asked for them."""

from decimal import Decimal
from random import Random

from canonical.inventory import AllocatedLine
from canonical.records import Batch
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import reservation
from tests.contract.statestore.stocking import NOW, report

Held = tuple[object, ...]


async def held(store: SqlStateStore, skus: str, locations: str, limit: int = 100) -> list[Held]:
    """What we count as committed, line by line: order, line, location, quantity."""
    lines = await store.commitments("north", skus.split(), locations.split(), limit)
    return [(one.order_id, one.line_id, one.location, one.quantity) for one in lines]


async def agreed(store: SqlStateStore) -> bool:
    """Whether the lines add up to what the demand says is committed."""
    lines = await store.commitments("north", ["A-1", "B-1", "C-1"], ["7", "8"], 1000)
    total: dict[tuple[str, str | None], Decimal] = {}
    for one in lines:
        total[one.sku, one.location] = total.get((one.sku, one.location), Decimal(0)) + one.quantity
    return total == {(d.sku, d.location): d.committed for d in await store.demand(["north"]) if d.committed}


async def test_the_lines_behind_what_is_committed_are_told_the_oldest_first_until_they_are_fulfilled(
    store: SqlStateStore,
) -> None:
    for order in ("5002", "5001"):
        line = reservation(order, quantity="3", location="7")
        await store.commit(Batch(reservations=(line, reservation(order, "2", sku="B-1", location="8"))))
    await store.commit(Batch(reservations=(reservation("5003", scope="south", location="7"), reservation("5004"))))
    both = [("5002", "1", "7", 3), ("5001", "1", "7", 3)]
    assert await held(store, "A-1", "7") == both
    assert await held(store, "A-1", "7", 1) == both[:1]
    assert await held(store, "A-1", "8") == []
    assert [line for _, line, *_ in await held(store, "B-1 A-1", "8 7")] == ["1", "2", "1", "2"]
    counted = AllocatedLine(shop="north", order_id="5002", sku="A-1", gone=True)
    await store.record(report(allocated=(counted,)), NOW)  # it left the warehouse; the channel does not know
    assert await held(store, "A-1", "7") == both
    assert [d.committed for d in await store.demand(["north"]) if d.location == "7"] == [6]
    part = reservation("5002", quantity="3", location="7", fulfilled="2")
    await store.commit(Batch(reservations=(part,)))
    assert await held(store, "A-1", "7") == [("5002", "1", "7", 1), both[1]]
    await store.commit(Batch(reservations=(part.model_copy(update={"fulfilled": Decimal(3)}),)))
    await store.commit(Batch(reserved_whole=(("north", "5001"),)))
    assert await held(store, "A-1 B-1", "7 8") == [("5002", "2", "8", 1)]


async def test_what_a_kit_and_a_line_at_two_locations_have_committed_is_told_by_item_and_location(
    store: SqlStateStore,
) -> None:
    kit = (
        reservation(line="1/A-1", location="7", quantity="2", sold_as="SET"),
        reservation(line="1/B-1", sku="B-1", location="7", quantity="4", sold_as="SET"),
        reservation(line="1/A-1@8", location="8", quantity="1", sold_as="SET"),
        reservation(line="1/B-1@8", sku="B-1", location="8", quantity="2", sold_as="SET"),
    )
    split = (reservation(line="2", location="7", quantity="3"), reservation(line="2@8", location="8", quantity="2"))
    await store.commit(Batch(reservations=(*kit, *split)))
    assert sorted(await held(store, "A-1 B-1", "7 8")) == [
        ("5001", "1/A-1", "7", 2), ("5001", "1/A-1@8", "8", 1), ("5001", "1/B-1", "7", 4), ("5001", "1/B-1@8", "8", 2),
        ("5001", "2", "7", 3), ("5001", "2@8", "8", 2),
    ]  # fmt: skip
    sold = {one.line_id: one.sold_as for one in await store.commitments("north", ["A-1"], ["7", "8"], 100)}
    assert sold == {"1/A-1": "SET", "1/A-1@8": "SET", "2": None, "2@8": None}
    assert await agreed(store)


async def test_the_lines_add_up_to_what_is_committed_whatever_orders_went_through(store: SqlStateStore) -> None:
    dice = Random(7)
    for _ in range(60):
        order, sku, location = str(dice.randrange(5001, 5009)), dice.choice(["A-1", "B-1", "C-1"]), dice.choice("78")
        if dice.random() < 0.3:
            line = AllocatedLine(shop="north", order_id=order, sku=sku, gone=dice.random() < 0.5)
            await store.record(report(allocated=(line,)), NOW)
        elif dice.random() < 0.2:
            await store.commit(Batch(reserved_whole=(("north", order),)))
        else:
            line_id = dice.choice([f"1/{sku}", f"2@{location}", "3"])
            of = {"sku": sku, "location": location, "quantity": "3", "fulfilled": str(dice.randrange(4))}
            await store.commit(Batch(reservations=(reservation(order, line_id, **of),)))
        assert await agreed(store)
