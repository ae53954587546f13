"""One bad row among a hundred: ninety-nine go on, the bad one is stopped in words. Once for each gate and rule."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from canonical.inventory import FigureState
from canonical.mapping.table import MappingKind, MappingRow, TableMappings
from canonical.records import Case, CaseKind
from flows.handling.stock import policy
from tests.flows.stock.conftest import ROWS, StockHouse, shown

BAD = 42
SKU = f"S-{BAD}"


async def a_hundred(stock: StockHouse, *, on_hand: int = 7) -> None:
    """A hundred items in the shop, and their stock in one report of the source."""
    for n in range(100):
        stock.shop.add(f"S-{n}", "7", available=1)
        stock.source.set(f"S-{n}", "DC-EAST", on_hand)


async def only_the_bad_one_stopped(stock: StockHouse, code: str, *, shows: int = 1) -> Case:
    """Checks that 99 are shown and the bad one is not; returns its case."""
    for n in range(100):
        (item,) = stock.shop.items[f"S-{n}"][:1]
        (here,) = [place for place in stock.shop.shown if place.item_id == item.item_id]
        assert stock.shop.shown[here].available == (shows if n == BAD else 7), n
    (case,) = await stock.cases()
    assert case.reason_code == code
    assert "S-42" in case.document
    return case


@pytest.mark.parametrize(
    ("change", "code", "words", "shows"),
    [
        ({"on_hand": Decimal(-3)}, "on_hand_negative", "on hand is negative", 0),
        ({"allocated": Decimal(-3)}, "allocated_negative", "allocated is negative", 1),
        ({"on_hand": Decimal(2_000_000_000)}, "on_hand_implausible", "over 1000000000 units", 1),
        ({"unit": "case", "on_hand": Decimal("0.3")}, "unit_remainder", "no whole number of base units", 1),
        ({"unit": "pallet"}, "unit_unmapped", "nothing says how many base units", 1),
    ],
)
async def test_a_bad_position_is_stopped_as_received(
    stock: StockHouse, change: dict[str, object], code: str, words: str, shows: int
) -> None:
    await a_hundred(stock)
    stock.source.levels[SKU, "DC-EAST"] = stock.source.levels[SKU, "DC-EAST"].model_copy(update=change)
    await stock.drain()
    case = await only_the_bad_one_stopped(stock, code, shows=shows)
    assert words in case.words
    assert case.kind == (CaseKind.HELD if code == "unit_unmapped" else CaseKind.QUARANTINED)


async def test_an_old_position_is_stopped_as_received(stock: StockHouse) -> None:
    await a_hundred(stock)
    stock.source.ages[SKU] = timedelta(days=9)
    await stock.drain()
    case = await only_the_bad_one_stopped(stock, "source_stale")
    assert "stands still" in case.words


async def test_a_position_of_a_blank_sku_is_stopped_as_received(stock: StockHouse) -> None:
    await a_hundred(stock)
    level = stock.source.levels[SKU, "DC-EAST"]
    stock.source.levels[SKU, "DC-EAST"] = level.model_copy(update={"sku": f" {SKU}"})
    await stock.drain()
    case = await only_the_bad_one_stopped(stock, "sku_unknown")
    assert "no item has it" in case.words


async def test_a_jump_is_stopped_until_a_person_believes_it(stock: StockHouse) -> None:
    await a_hundred(stock)
    await stock.drain()
    stock.source.set(SKU, "DC-EAST", 500_000)
    await stock.drain()
    case = await only_the_bad_one_stopped(stock, "jump_too_high", shows=7)
    assert "from 7 to 500000" in case.words
    await stock.believe([SKU], ["jump_too_high"])
    await stock.drain()
    assert (await stock.figure(SKU)).published == 500_000
    await stock.drain()  # the poll overlaps: told once more, it is no jump now
    assert await stock.cases() == []


async def test_a_fall_is_believed_at_once(stock: StockHouse) -> None:
    place = await stock.stocked("TEE-1", 500_000)
    stock.source.set("TEE-1", "DC-EAST", 2)
    await stock.drain()
    assert shown(stock, [place]) == [2]


async def test_a_location_that_nobody_mapped_is_one_case_and_goes_on_once_it_is_mapped(stock: StockHouse) -> None:
    places = [stock.shop.add(f"S-{n}", "8") for n in range(3)]
    for n in range(3):
        stock.source.set(f"S-{n}", "NEW-DC", 9)
    await stock.sweep()
    await stock.drain()
    (case,) = await stock.cases()
    assert "3 positions there wait" in case.words
    row = MappingRow(kind=MappingKind.STOCK_LOCATIONS, shop="erp", key=("NEW-DC",), value="DC-WEST")
    stock.rt = replace(stock.rt, mappings=TableMappings([*ROWS, row]))
    await stock.sweep()
    await stock.drain()
    assert shown(stock, places) == [9, 9, 9]
    assert await stock.cases() == []


async def test_a_sku_the_shop_has_twice_is_stopped_as_computed(stock: StockHouse) -> None:
    await a_hundred(stock)
    stock.shop.add(SKU)
    await stock.drain()
    case = await only_the_bad_one_stopped(stock, "sku_doubled")
    assert "more than once (variant" in case.words


async def test_a_sku_that_the_mapping_names_and_the_shop_lacks_is_stopped_as_computed(stock: StockHouse) -> None:
    named = MappingRow(kind=MappingKind.ITEMS, shop="north", key=("S-X", ""), value=SKU)
    rows = [MappingRow(kind=MappingKind.ITEMS, shop="north", key=(f"S-{n}", ""), value=f"S-{n}") for n in range(100)]
    rows = [row for row in rows if row.value != SKU]
    stock.rt = replace(stock.rt, mappings=TableMappings([*(r for r in ROWS if r.shop != "*"), *rows, named]))
    await a_hundred(stock)
    await stock.drain()
    case = await only_the_bad_one_stopped(stock, "item_unknown")
    assert "the shop has no item with this SKU" in case.words


async def test_a_write_above_the_policy_is_stopped_before_publishing(
    stock: StockHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.handling.stock import publishing

    honest = publishing.drafts_from_reading

    async def too_much(*arguments: object) -> object:
        drafts, refused = await honest(*arguments)  # type: ignore[arg-type]
        return [replace(d, quantity=8) if d.figure.sku == SKU else d for d in drafts], refused

    monkeypatch.setattr(publishing, "drafts_from_reading", too_much)
    await a_hundred(stock)
    await stock.drain()
    figure = await stock.figure(SKU)
    assert figure.state is FigureState.WITHHELD
    assert "above the figure that the policy allows" in (figure.reason or "")
    others = [f for f in await stock.book.figures("north") if f.sku != SKU]
    assert {f.published for f in others} == {7}


async def test_a_figure_that_cannot_be_is_stopped_as_computed(
    stock: StockHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.handling.stock import computing

    def negative(*arguments: object) -> object:
        found = policy.allowed(*arguments)  # type: ignore[arg-type]
        return [replace(one, quantity=-4) if one and one.sku == SKU else one for one in found]

    monkeypatch.setattr(computing, "allowed", negative)
    await a_hundred(stock)
    await stock.drain()
    case = await only_the_bad_one_stopped(stock, "figure_negative")
    assert case.words == "the figure is negative"
