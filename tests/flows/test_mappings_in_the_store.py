"""The mapping repository under running flows: an unmapped value holds its own documents, the mapping releases them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copytree

import pytest

from canonical.errors import MisconfiguredError, RetryableError
from canonical.mapping.changes import ChangeState, Draft, Edit, EditKind
from canonical.mapping.kinds import MappingKind, MappingRow
from canonical.ports import MappingBook
from canonical.records import Batch, Case, CaseKind, Cursor, Delivery, MessageVerdict
from canonical.rules import example
from canonical.states import MessageState, OrderState
from connectors.registry import mapping_book
from flows.handling.arrivals import sweep
from flows.handling.releases import missing
from flows.location_names import LocationNames
from flows.mapping_files import seed_texts
from flows.mapping_store import StoredMappings, open_mappings
from flows.settings import FlowSettings
from tests.flows.conftest import House, some_orders
from tests.processes import ROOT

K = MappingKind
FOLDER = ROOT / "deployments" / "mappings"


async def stored(house: House) -> MappingBook:
    """The house takes its mappings from the store; the seeds are those of the examples."""
    book = mapping_book(house.store)
    await book.seed(example.MAPPING_ROWS, "start")
    mappings = StoredMappings(book)
    house.rt = replace(house.rt, mappings=mappings)
    await house.rt.renew_mappings()
    return book


def item(sku: str, value: str, **times: object) -> Draft:
    row = MappingRow(kind=K.ITEMS, shop="north", key=(sku, ""), value=value)
    return Draft(edits=(Edit(row=row.model_copy(update=times)),), words="new goods")


async def test_an_unmapped_value_holds_only_what_needs_it_and_the_mapping_lets_exactly_that_go_on(
    house: House,
) -> None:
    book = await stored(house)
    good, *unmapped = some_orders(5)
    skus = ["MUG-9", "MUG-9", "CUP-1", "CUP-1"]
    orders = [
        order.model_copy(update={"lines": (example.line(sku=sku, variant_id=None),)})
        for order, sku in zip(unmapped, skus, strict=True)
    ]
    await house.arrive(good, *orders)
    await sweep(house.rt)
    await house.drain()
    assert (await house.record(good)).state is OrderState.POSTED
    first = min(case.opened_at for case in await house.store.cases())
    told = [(m.kinds, m.value, m.count) for m in await missing(house.store, house.rt.mappings)]
    assert sorted(told) == [("items", "CUP-1", 2), ("items", "MUG-9", 2)]
    assert min(m.since for m in await missing(house.store, house.rt.mappings)) == first

    change = await book.propose(item("MUG-9", "MUG"), "cli:cleo")
    assert (change.state, change.impact.released) == (ChangeState.IN_FORCE, 2)
    assert await sweep(house.rt) == 2
    assert await sweep(house.rt) == 0
    await house.drain()
    states = [(await house.record(order)).state for order in orders]
    assert states == [OrderState.POSTED, OrderState.POSTED, OrderState.HELD, OrderState.HELD]
    (left,) = await missing(house.store, house.rt.mappings)
    assert (left.value, left.count) == ("CUP-1", 2)


async def test_a_change_of_another_kind_asks_nobody_again(house: House) -> None:
    book = await stored(house)
    await house.arrive(example.order(lines=(example.line(sku="MUG-9", variant_id=None),)))
    await sweep(house.rt)
    await house.drain()
    row = MappingRow(kind=K.CARRIERS, shop="*", key=("ups",), value="UPS")
    await book.propose(Draft(edits=(Edit(row=row),), words="a carrier"), "cli:cleo")
    assert await sweep(house.rt) == 0


async def test_a_value_counts_from_its_date_on_without_another_change(house: House) -> None:
    book = await stored(house)
    order = example.order(lines=(example.line(sku="MUG-9", variant_id=None),))
    await house.arrive(order)
    await sweep(house.rt)
    await house.drain()
    await book.propose(item("MUG-9", "MUG", valid_from=house.rt.now() + timedelta(hours=1)), "cli:cleo")
    assert await sweep(house.rt) == 0
    house.ahead = timedelta(hours=2)
    assert await sweep(house.rt) == 1
    await house.drain()
    assert (await house.record(order)).state is OrderState.POSTED


async def test_messages_of_other_documents_that_wait_for_a_mapping_are_ready_again(house: House) -> None:
    book = await stored(house)
    await sweep(house.rt)
    key = "north:stock:DC-NEW"
    told = Delivery(
        delivery_key="wms:1", channel="wms", scope="north", topic="level", kind="stock.north", aggregate_key=key,
        correlation_id="stock-1", body=b"{}",
    )  # fmt: skip
    await house.store.put([told])
    (message,) = await house.store.claim("stock.north", "w", 1, timedelta(minutes=1))
    waits = Case(
        kind=CaseKind.HELD, scope="north", aggregate_key=key, correlation_id="stock-1", document="stock at DC-NEW",
        reason_code="stock_location_unmapped", words="DC-NEW is not mapped", owner="master data",
        opened_at=house.rt.now(),
    )  # fmt: skip
    verdict = MessageVerdict(seq=message.seq, state=MessageState.HELD, reason="stock_location_unmapped")
    await house.store.commit(Batch(owner="w", messages=(verdict,), open_cases=(waits,)))
    assert await house.store.pending("stock.north") == 0
    row = MappingRow(kind=K.STOCK_LOCATIONS, shop="wms", key=("DC-NEW",), value="DC-EAST")
    await book.propose(Draft(edits=(Edit(row=row),), words="a new warehouse"), "cli:cleo")
    assert await sweep(house.rt) == 1
    assert await house.store.pending("stock.north") == 1


async def test_a_mapping_taken_away_holds_the_orders_to_come(house: House) -> None:
    book = await stored(house)
    gone = Edit(kind=EditKind.REMOVE, row=example.MAPPING_ROWS[0])
    await book.propose(Draft(edits=(gone,), words="no longer sold"), "cli:cleo")
    order = example.order()
    await house.arrive(order)
    await sweep(house.rt)
    await house.drain()
    assert (await house.record(order)).state is OrderState.HELD


async def test_an_unchanged_repository_costs_one_read_and_the_old_cursor_is_understood(house: House) -> None:
    await stored(house)
    before = house.rt.mappings
    assert isinstance(before, StoredMappings)
    table = before.table
    await house.rt.renew_mappings()
    assert before.table is table
    old = Cursor(scope="*", name="mappings.fingerprint", value="a" * 64, updated_at=house.rt.now())
    await house.store.set_cursor(old)
    assert await sweep(house.rt) == 0


async def test_rows_that_know_only_a_name_answer_to_the_id_even_while_the_shop_is_away(house: House) -> None:
    class Shop:
        away, asked = False, 0

        async def locations(self) -> dict[str, str]:
            self.asked += 1
            if self.away:
                raise RetryableError("the shop does not answer", code="shop_down")
            return {"77": "North"}

        async def aclose(self) -> None:
            return None

    async def opened() -> StoredMappings:
        mappings = StoredMappings(mapping_book(house.store), LocationNames(house.store, {"north": shop}))  # type: ignore[dict-item]
        await mappings.renew(house.rt.now())
        return mappings

    shop, book = Shop(), await stored(house)
    row = MappingRow(kind=K.LOCATIONS, shop="north", key=("", "North"), value="DC-NORTH")
    await book.propose(Draft(edits=(Edit(row=row),), words="a new warehouse"), "cli:cleo")
    shop.away = True
    unaware = await opened()
    assert (unaware.location("north", "77", None), unaware.channel_location("north", "DC-NORTH")) == (None, None)
    shop.away = False
    first = await opened()
    assert (first.location("north", "77", None), first.channel_location("north", "DC-NORTH")) == ("DC-NORTH", "77")
    assert first.fingerprint != unaware.fingerprint
    asked, shop.away = shop.asked, True
    house.ahead = timedelta(minutes=5)
    assert (await opened()).channel_location("north", "DC-NORTH") == "77"
    assert shop.asked == asked
    house.ahead = timedelta(minutes=15)
    assert (await opened()).channel_location("north", "DC-NORTH") == "77"
    assert shop.asked == asked + 1


async def test_the_seeds_are_loaded_at_the_first_start_only(house: House, tmp_path: Path) -> None:
    folder = copytree(FOLDER, tmp_path / "mappings")
    book, settings = mapping_book(house.store), FlowSettings(mappings=folder)
    mappings = await open_mappings(book, settings, house.rt.now())
    assert mappings.item("north", "TEE-WHI-S", None) == "TEE-WHI-S"
    assert mappings.stock_location("any-erp", "DC-EAST") == "DC-EAST"
    (folder / "items.csv").unlink()
    again = await open_mappings(book, settings, house.rt.now())
    assert (await book.version(), again.fingerprint) == (1, mappings.fingerprint)


def test_a_missing_seed_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match=r"items\.csv"):
        seed_texts(tmp_path)
