"""Positions and demand: the newest word wins, snapshots zero, reservations end with the report that counts them."""

import asyncio
from decimal import Decimal
from random import Random
from typing import Any

from canonical.inventory import AllocatedLine, Demand, Incoming
from canonical.ports import StockBook
from canonical.records import Batch, Reservation
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import order_record, reservation
from tests.contract.statestore.stocking import MINUTE, NOW, acknowledged, figure, level, publish, report


async def amounts(store: SqlStateStore, sku: str = "A-1") -> dict[str, str]:
    """On hand by the source's own location."""
    return {row.native_location or "": f"{row.on_hand:f}" for row in await store.levels("north", [sku])}


async def only(store: SqlStateStore, **wanted: str | None) -> Demand:
    """The one demand row of shop north."""
    (found,) = [d for d in await store.demand(["north"]) if not wanted or d.location == wanted["location"]]
    return found


def test_the_store_is_a_stock_book(store: SqlStateStore) -> None:
    book: StockBook = store
    assert book is store


async def test_levels_come_back_exactly_as_they_were_told(store: SqlStateStore) -> None:
    told = level(
        on_hand="0.10",
        allocated="2",
        quality_hold="1.5",
        safety_stock="3",
        supplied="-4",
        incoming=(Incoming(quantity=Decimal(7), due=NOW.date(), document="PO-1"),),
        sequence=9,
    )
    await store.record(report(told), NOW)
    assert await store.levels("north", ["A-1"]) == [told]
    assert await store.levels("south") == []
    columns = await store.level_columns("north")
    assert (columns["sku"], columns["supplied"], columns["incoming"]) == (["A-1"], [Decimal(-4)], [told.incoming])
    assert await store.level_columns("south") == {name: [] for name in columns}


async def test_the_newest_word_wins_by_sequence_else_by_moment(store: SqlStateStore) -> None:
    await store.record(report(level(on_hand="10", at=5), level("B-1", "10", sequence=5, at=5)), NOW)
    late = await store.record(report(level(on_hand="99", at=4), level("B-1", "99", sequence=4, at=9)), NOW)
    assert (late.changed, late.ignored) == (frozenset(), 2)
    again = await store.record(report(level(on_hand="10", at=5)), NOW)
    assert (again.changed, again.ignored) == (frozenset(), 1)
    newer = await store.record(report(level(on_hand="8", at=6), level("B-1", "7", sequence=6, at=1)), NOW)
    assert newer.changed == {"A-1", "B-1"}
    assert (await amounts(store), await amounts(store, "B-1")) == ({"W1": "8"}, {"W1": "7"})


async def test_a_position_told_again_with_the_same_amounts_changes_no_sku(store: SqlStateStore) -> None:
    await store.record(report(level(at=0)), NOW)
    again = await store.record(report(level(at=1)), NOW)
    assert (again.changed, again.ignored) == (frozenset(), 0)
    assert (await store.record(report(level(on_hand="3", at=0)), NOW)).ignored == 1


async def test_reports_in_any_order_and_twice_end_in_the_same_position(store: SqlStateStore) -> None:
    told = [report(level(native=f"W{n % 2}", on_hand=str(n), at=n)) for n in range(8)]
    shuffled = told * 2
    Random(5).shuffle(shuffled)
    for one in shuffled:
        await store.record(one, NOW)
    assert await amounts(store) == {"W0": "6", "W1": "7"}


async def test_sources_and_their_own_locations_do_not_touch_each_other(store: SqlStateStore) -> None:
    await store.record(report(level(native="W1"), level(native="W2", on_hand="2")), NOW)
    await store.record(report(level(native="W1", on_hand="7", source="wms"), source="wms"), NOW)
    assert sorted((row.source, row.native_location, row.on_hand) for row in await store.levels("north")) == [
        ("erp", "W1", 10), ("erp", "W2", 2), ("wms", "W1", 7),
    ]  # fmt: skip


async def test_a_complete_snapshot_in_parts_zeros_what_no_part_named_and_nothing_newer_told(
    store: SqlStateStore,
) -> None:
    before = [level(sku, "5", at=0) for sku in ("A-1", "B-1", "GONE")]
    await store.record(report(*before, level("GONE", "5", native="W2")), NOW)
    await store.record(report(level("NEW", "4", at=9)), NOW)  # an event after the snapshot began
    assert (await store.record(report(level("A-1", "5", at=5)), NOW)).changed == frozenset()
    last = await store.record(report(level("B-1", "6", at=5), complete=("W1",)), NOW)
    assert last.changed == {"B-1", "GONE"}
    assert await amounts(store, "GONE") == {"W1": "0", "W2": "5"}
    assert (await amounts(store), await amounts(store, "NEW")) == ({"W1": "5"}, {"W1": "4"})


async def test_a_snapshot_keeps_what_it_confirms_under_the_same_sequence(store: SqlStateStore) -> None:
    await store.record(report(level(sequence=3), level("B-1", sequence=3)), NOW)
    await store.record(report(level(sequence=3, at=5)), NOW)
    done = await store.record(report(level("C-1", sequence=8, at=5), complete=("W1",)), NOW)
    assert done.changed == {"B-1", "C-1"}
    assert (await amounts(store), await amounts(store, "B-1")) == ({"W1": "10"}, {"W1": "0"})


async def test_a_reservation_ends_in_the_report_that_counts_it(store: SqlStateStore) -> None:
    await store.commit(Batch(reservations=(reservation(quantity="3", location="7"),)))
    line = AllocatedLine(shop="north", order_id="5001", line_id="1", sku="A-1")
    done = await store.record(report(level(allocated="3"), allocated=(line,)), NOW)
    assert (done.changed, done.ended_reservations) == ({"A-1"}, 1)
    found = await only(store)
    assert (found.reserved, found.committed, found.taken) == (0, 3, 3)
    again = await store.record(report(level(allocated="3"), allocated=(line,)), NOW)
    assert (again.changed, again.ended_reservations) == (frozenset(), 0)


async def test_a_line_is_allocated_in_parts_and_stays_committed_until_the_channel_says_it_is_fulfilled(
    store: SqlStateStore,
) -> None:
    await store.commit(Batch(reservations=(reservation(quantity="5", location="7"),)))

    async def told(quantity: str, *, gone: bool = False) -> tuple[Decimal, Decimal]:
        line = AllocatedLine(shop="north", order_id="5001", sku="A-1", quantity=Decimal(quantity), gone=gone)
        await store.record(report(allocated=(line,)), NOW)
        found = await only(store)
        return found.reserved, found.committed

    async def fulfilled(quantity: str) -> tuple[Decimal, Decimal]:
        again = reservation(quantity="5", location="7").model_copy(update={"fulfilled": Decimal(quantity)})
        await store.commit(Batch(reservations=(again,)))
        found = await only(store)
        return found.reserved, found.committed

    assert await told("2") == (3, 5)
    assert await told("1") == (3, 5)  # a late one
    assert await told("5", gone=True) == (0, 5)  # out of the warehouse; the channel does not know
    assert await fulfilled("2") == (0, 3)
    assert await fulfilled("0") == (0, 3)  # an older version of the order
    assert await fulfilled("5") == (0, 0)


async def test_an_allocated_line_that_is_recorded_again_stays_allocated(store: SqlStateStore) -> None:
    await store.commit(Batch(reservations=(reservation(quantity="5", location="7"),)))
    line = AllocatedLine(shop="north", order_id="5001", sku="A-1")
    await store.record(report(allocated=(line,)), NOW)
    await store.commit(Batch(reservations=(reservation(quantity="6", location="7"),)))
    assert await store.reserved("north") == {("A-1", "7"): "1"}
    assert ((await only(store)).reserved, (await only(store)).taken) == (1, 6)


def at(location: str, place: str, quantity: str, line: str = "1", **more: Any) -> Reservation:
    """Pieces of a line that wait at a location."""
    return reservation(line=line, location=location, quantity=quantity, place=place, **more)


async def counted(store: SqlStateStore, location: str, quantity: str | None = None) -> None:
    line = AllocatedLine(
        shop="north",
        order_id="5001",
        line_id="1",
        sku="A-1",
        location=location,
        quantity=None if quantity is None else Decimal(quantity),
    )
    await store.record(report(allocated=(line,)), NOW)


async def change(store: SqlStateStore, *reservations: Reservation) -> None:
    await store.commit(Batch(reservations=reservations, reserved_whole=(("north", "5001"),)))


async def by_location(store: SqlStateStore) -> dict[str | None, tuple[Decimal, Decimal, Decimal]]:
    return {d.location: (d.reserved, d.committed, d.taken) for d in await store.demand(["north"])}


async def test_pieces_that_wait_elsewhere_stay_reserved_though_the_sale_is_counted_at_one_warehouse(
    store: SqlStateStore,
) -> None:
    await change(store, at("7", "EAST", "3"), at("8", "WEST", "2", "1@8"))
    await counted(store, "EAST")
    assert await by_location(store) == {"7": (0, 3, 3), "8": (2, 2, 2)}
    await counted(store, "EAST", "5")
    assert (await by_location(store))["8"] == (2, 2, 2)
    await counted(store, "WEST", "1")  # shipped from there
    assert (await by_location(store))["8"] == (1, 2, 2)
    await store.record(report(allocated=(AllocatedLine(shop="north", order_id="5001", sku="A-1"),)), NOW)
    assert (await by_location(store))["8"] == (0, 2, 2)


async def test_pieces_that_left_from_elsewhere_stay_reserved_until_the_source_counts_that_though_the_shop_knows(
    store: SqlStateStore,
) -> None:
    await change(store, at("7", "EAST", "3"), at("8", "WEST", "2", "1@8"))
    await counted(store, "EAST")
    await change(store, at("7", "EAST", "3"), at("8", "WEST", "2", "1@8", fulfilled=Decimal(2)))
    assert await by_location(store) == {"7": (0, 3, 3), "8": (2, 0, 2)}
    await counted(store, "WEST", "2")
    assert await by_location(store) == {"7": (0, 3, 3), "8": (0, 0, 2)}


async def test_a_piece_moved_away_is_reserved_anew_and_one_moved_to_where_it_is_counted_is_not(
    store: SqlStateStore,
) -> None:
    await change(store, at("7", "EAST", "5"))
    await counted(store, "WEST", "5")  # the sale was booked where we want it shipped from
    assert await by_location(store) == {"7": (5, 5, 5)}
    await change(store, at("7", "EAST", "3"), at("8", "WEST", "2", "1@8"))
    assert await by_location(store) == {"7": (3, 3, 3), "8": (0, 2, 2)}
    await change(store, at("8", "WEST", "5"))
    assert await by_location(store) == {"8": (0, 5, 5)}
    await change(store, at("9", "SOUTH", "4"), at("8", "WEST", "1", "1@8"))
    assert await by_location(store) == {"8": (0, 1, 1), "9": (4, 4, 4)}


async def test_what_was_counted_in_part_is_not_counted_twice_when_a_line_is_split(store: SqlStateStore) -> None:
    await change(store, reservation(quantity="5"))
    await counted(store, "EAST", "3")
    await change(store, at("7", "EAST", "3"), at("8", "WEST", "2", "1@8"))
    assert await by_location(store) == {"7": (0, 3, 3), "8": (2, 2, 2)}
    await change(store, at("7", "EAST", "3"), at("6", "EAST", "2", "1@6"))
    assert await by_location(store) == {"6": (2, 2, 2), "7": (0, 3, 3)}
    await change(store, reservation(quantity="3"), at("6", "EAST", "2", "1@6"))  # a webhook tells no location
    assert await by_location(store) == {"6": (2, 2, 2), "7": (0, 3, 3)}


async def test_a_cancel_gives_back_what_was_taken_and_an_expiry_does_not(store: SqlStateStore) -> None:
    lines = (reservation("1", quantity="3", location="7"), reservation("2", quantity="4", location="7"))
    await store.commit(Batch(reservations=lines))
    await store.commit(Batch(end_reservations=(("north", "1", "cancelled"),)))
    found = await only(store)
    assert (found.reserved, found.committed, found.taken) == (4, 4, 4)
    await store.commit(Batch(end_reservations=(("north", "2", "expired"),)))
    found = await only(store)
    assert (found.reserved, found.committed, found.taken) == (0, 4, 4)
    await store.commit(Batch(end_reservations=(("north", "2", "cancelled"),)))
    assert await store.demand(["north"]) == []


async def test_a_cancel_after_the_allocation_gives_back_too(store: SqlStateStore) -> None:
    await store.commit(Batch(reservations=(reservation(location="7"),)))
    await store.record(report(allocated=(AllocatedLine(shop="north", order_id="5001", sku="A-1"),)), NOW)
    await store.commit(Batch(end_reservations=(("north", "5001", "cancelled"),)))
    assert await store.demand(["north"]) == []


async def test_demand_says_where_or_that_no_place_is_chosen_and_moves_with_the_choice(store: SqlStateStore) -> None:
    await store.commit(Batch(reservations=(reservation(quantity="2"), reservation("2", quantity="1", location="8"))))
    found = {d.location: (d.reserved, d.taken) for d in await store.demand(["north"])}
    assert found == {None: (2, 0), "8": (1, 1)}
    await store.commit(Batch(reservations=(reservation(quantity="2", location="8"),)))
    found = {d.location: (d.reserved, d.taken) for d in await store.demand(["north", "south"])}
    assert found == {"8": (3, 3)}


async def test_the_component_of_a_kit_takes_stock_but_its_own_figure_did_not_fall(store: SqlStateStore) -> None:
    await store.commit(Batch(reservations=(reservation(quantity="2", location="7", sold_as="KIT-1"),)))
    found = await only(store)
    assert (found.reserved, found.committed, found.taken) == (2, 2, 0)


async def test_an_expired_reservation_reserves_nothing_but_the_channel_still_counts_it(store: SqlStateStore) -> None:
    await store.commit(Batch(reservations=(reservation(location="7", expires_at=NOW),)))
    found = await only(store)
    assert (found.reserved, found.committed, found.taken) == (0, 1, 1)


async def test_an_order_counts_as_booked_once_the_supplied_figure_was_made_after_it(store: SqlStateStore) -> None:
    await store.commit(
        Batch(orders=(order_record("1", posted_at=NOW + 5 * MINUTE),), reservations=(reservation("1", location="7"),))
    )

    async def booked(company: str | None = "north") -> Decimal:
        (found,) = await store.demand(["north"], ["A-1"], company=company)
        return found.booked_reserved

    assert await booked() == 0
    for at, seen, expected in ((4, 9, 0), (6, 4, 0), (7, 9, 1)):
        await store.record(report(level(supplied="10", at=at)), NOW + seen * MINUTE)
        assert await booked() == expected, (at, seen)
    assert await booked(None) == 0


async def test_what_orders_took_is_counted_once_while_orders_are_recorded_and_figures_written(
    store: SqlStateStore,
) -> None:
    await publish(store, 1000)
    counted, orders = Decimal(0), 0
    for turn in range(5):
        lines = [Batch(reservations=(reservation(f"{turn}-{n}", location="7"),)) for n in range(8)]
        recording = asyncio.gather(*(store.commit(batch) for batch in lines))
        await store.plan([figure(2000 + 100 * turn)])
        claimed = await store.claim_figures("north", "w", 1, MINUTE)
        taken = sum((d.taken for d in await store.demand(["north"])), Decimal(0))
        await store.settle_figures("north", "w", [acknowledged(c, taken=taken) for c in claimed])
        await recording
        counted, orders = counted + taken, orders + 8
        assert counted + sum((d.taken for d in await store.demand(["north"])), Decimal(0)) == orders


async def test_orders_nobody_had_read_count_once_when_they_are_read(store: SqlStateStore) -> None:
    await publish(store, 10)
    await store.plan([figure(20)])
    (claimed,) = await store.claim_figures("north", "w", 1, MINUTE)
    await store.settle_figures("north", "w", [acknowledged(claimed, 18, taken=Decimal(2))])
    assert (await only(store)).taken == -2
    await store.commit(Batch(reservations=(reservation(quantity="2", location="7"),)))
    assert (await only(store)).taken == 0


async def test_what_is_no_longer_in_a_whole_order_holds_nothing_and_other_orders_keep_their_lines(
    store: SqlStateStore,
) -> None:
    lines = (reservation("1", quantity="3", location="7"), reservation("2", quantity="4", location="7"))
    second = reservation("1", quantity="2", location="7").model_copy(update={"line_id": "2"})
    await store.commit(Batch(reservations=(*lines, second)))
    await store.commit(Batch(reservations=lines[:1], reserved_whole=(("north", "1"),)))
    assert ((await only(store)).reserved, (await only(store)).taken) == (7, 7)
    await store.commit(Batch(reserved_whole=(("north", "1"),)))
    found = await only(store)
    assert (found.reserved, found.committed, found.taken) == (4, 4, 4)
    await store.commit(Batch(reservations=(*lines[:1], second), reserved_whole=(("north", "1"),)))  # it came back
    assert ((await only(store)).reserved, (await only(store)).taken) == (9, 9)
