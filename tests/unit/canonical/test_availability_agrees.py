"""All figures at once, a few of them, after a change, and one explained line by line: always the same answer."""

import functools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.inventory import Demand, Incoming, InventoryLevel, StockOwner
from canonical.rules.availability import Kit, StockSetup, explain
from canonical.rules.availability.columns import columns_of
from canonical.rules.availability.figures import PlaceFigures
from canonical.rules.availability.sheet import StockSheet
from canonical.rules.policies import PolicyRow
from tests.unit.canonical.stock_examples import EAST, NOW, PLACES, SHARED, WEST, demand, level, row, setup

SKUS = ("A", "B", "C", "D")
LOCATIONS = ("EAST", "WEST", "ELSEWHERE")
Figures = dict[tuple[str, str, str], int]

amounts = st.one_of(st.integers(-5, 40), st.decimals(-2, 30, places=2, allow_nan=False)).map(Decimal)
small = st.one_of(st.integers(0, 12), st.decimals(0, 9, places=1, allow_nan=False)).map(Decimal)
percents = st.integers(0, 10_000).map(lambda points: f"{points // 100}.{points % 100:02}%")
days = st.integers(0, 6)
moments = st.sampled_from([NOW.replace(year=2020), NOW, NOW.replace(year=2030)])

levels = st.builds(
    level,
    sku=st.sampled_from(SKUS),
    on_hand=amounts,
    location=st.sampled_from(LOCATIONS),
    native_location=st.sampled_from(["W1", "W2", "W3"]),
    source=st.sampled_from(["erp", "wms", "oms"]),
    allocated=small,
    quality_hold=small,
    safety_stock=small,
    supplied=st.one_of(st.none(), amounts),
    incoming=st.lists(
        st.builds(
            lambda quantity, due: Incoming(
                quantity=quantity, due=NOW.date().replace(day=4 + due), document=f"PO-{due}"
            ),
            small,
            days,
        ),
        max_size=2,
    ).map(tuple),
)
stock = st.lists(levels, max_size=25, unique_by=lambda one: (one.sku, one.source, one.native_location))


@st.composite
def demands(draw: Callable[..., Any]) -> Demand:
    shop, location = draw(st.sampled_from([("north", "7"), ("north", "8"), ("north", "9"), ("south", "70")]))
    reserved = draw(small)
    return Demand(
        shop=shop,
        sku=draw(st.sampled_from([*SKUS, "KIT"])),
        location=draw(st.sampled_from([location, None])),
        reserved=reserved,
        booked_reserved=min(reserved, draw(small)),
    )


optional = functools.partial(st.one_of, st.none())
rows = st.builds(
    row,
    shop=st.sampled_from(["*", "north", "south"]),
    group=st.sampled_from(["*", "stores"]),
    location=st.sampled_from(["*", "EAST", "WEST"]),
    category=st.sampled_from(["*", "light"]),
    sku=st.sampled_from(["*", "A", "C", "KIT"]),
    safety_stock=optional(small),
    buffer=optional(percents, small.map(str)),
    share=optional(percents),
    pool=optional(small),
    cap=optional(small),
    sell=optional(st.booleans()),
    sell_from=optional(moments),
    sell_until=optional(moments),
    backorder=optional(st.booleans()),
    backorder_limit=optional(small),
    backorder_until=optional(moments.map(lambda moment: moment.date())),
    incoming_days=optional(days),
    priority=optional(st.integers(0, 3)),
)
pools = st.builds(
    row,
    shop=st.sampled_from(["*", "north", "south"]),
    location=st.sampled_from(["*", "EAST"]),
    category=st.sampled_from(["*", "light"]),
    sku=st.sampled_from(["*", "A"]),
    pool=small,
    sell=optional(st.just(True)),
    sell_until=optional(moments),
)
each = st.sampled_from([Decimal(1), Decimal(2), Decimal("0.5")])
kits = st.lists(
    st.builds(
        Kit,
        shop=st.sampled_from(["north", "south"]),
        sku=st.sampled_from(["KIT", "D"]),
        parts=st.dictionaries(st.sampled_from("ABC"), each, min_size=1).map(lambda parts: tuple(parts.items())),
    ),
    max_size=2,
    unique_by=lambda kit: (kit.shop, kit.sku),
)  # fmt: skip


def made(policy: list[PolicyRow], owners: tuple[StockOwner, StockOwner], of: list[Kit]) -> StockSetup:
    whose = dict(zip(("EAST", "WEST"), owners, strict=True))
    return setup(*policy, owners=whose, kits=of, groups={"stores": ("WEST",)}, categories={"B": "light", "A": "light"})


def as_figures(found: list[PlaceFigures]) -> Figures:
    return {(one.shop, one.location_id, one.sku): one.quantity for figures in found for one in figures.rows()}


def explained(of: StockSetup, told: list[InventoryLevel], orders: list[Demand]) -> Figures:
    """Every figure, one by one, in plain decimals; and the lines of each add up."""
    figures: Figures = {}
    for place in PLACES:
        for sku in (*SKUS, "KIT"):
            if (found := explain(of, place, sku, told, orders, NOW)) is not None:
                assert sum((line.quantity for line in found.lines), Decimal(0)) == found.figure
                figures[place.shop, place.location_id, sku] = found.figure
    return figures


@settings(max_examples=150, deadline=None)
@given(
    told=stock,
    orders=st.lists(demands(), max_size=8),
    policy=st.one_of(st.lists(rows, max_size=6), st.lists(pools, min_size=1, max_size=3)),
    owners=st.tuples(st.sampled_from(StockOwner), st.sampled_from(StockOwner)),
    of=kits,
    asked=st.sets(st.sampled_from([*SKUS, "KIT", "UNKNOWN"]), max_size=3),
    changed=st.lists(levels, max_size=6, unique_by=lambda one: (one.sku, one.source, one.native_location)),
    coming=st.booleans(),
)
def test_full_incremental_and_explained_figures_are_the_same(
    told: list[InventoryLevel],
    orders: list[Demand],
    policy: list[PolicyRow],
    owners: tuple[StockOwner, StockOwner],
    of: list[Kit],
    asked: set[str],
    changed: list[InventoryLevel],
    coming: bool,
) -> None:
    if not coming:  # then rows are written where they are
        told, changed = ([one.model_copy(update={"incoming": ()}) for one in some] for some in (told, changed))
    company = made(policy, owners, of)
    # A row that sets more decimals than the sheet has is another sheet: give both the same, as a flow does.
    finest = level("D", "0.01", "ELSEWHERE", native_location="FINE")
    sheet = StockSheet(company, columns_of([*told, finest]), orders, NOW)
    everything = as_figures(sheet.everything())
    assert everything == explained(company, told, orders)

    some = as_figures(sheet.of(asked))
    affected = asked | {kit.sku for kit in of if asked & {sku for sku, _ in kit.parts}}
    for (shop, location, sku), quantity in everything.items():
        if sku in asked:
            assert some[shop, location, sku] == quantity
    assert {key: everything[key] for key in some} == some
    assert {sku for *_, sku in some} <= affected

    own = [one for one in told if one.sku in company.skus_with(asked)]
    theirs = [one for one in orders if one.sku in company.skus_with(asked)]
    alone = as_figures(StockSheet(company, columns_of(own), theirs, NOW).of(asked))
    assert alone == some

    moved = as_figures(sheet.update(columns_of(changed)))
    latest = {(one.sku, one.source, one.native_location): one for one in told}
    same_place = [one for one in changed if _stays(one, latest)]
    if len(same_place) == len(changed):
        after = explained(company, list((latest | {_key(one): one for one in changed}).values()), orders)
        assert {key: after[key] for key in moved} == moved
        assert {key for key in after if after[key] != everything.get(key)} <= set(moved)
        assert as_figures(sheet.everything()) == after
        sheet.take_demand(orders[1:])
        before = as_figures(sheet.everything())
        back = [one for one in told if _key(one) in {_key(other) for other in changed}]
        again = as_figures(sheet.update(columns_of(back)))  # what is known of a cell moves by the difference
        assert as_figures(sheet.everything()) == before | again
        assert as_figures(sheet.of([*SKUS, "KIT"])) == before | again


def _key(one: InventoryLevel) -> tuple[str, str, str | None]:
    return (one.sku, one.source, one.native_location)


def _stays(one: InventoryLevel, latest: dict[tuple[str, str, str | None], InventoryLevel]) -> bool:
    """A location of a source belongs to one location of ours; moving it is a change of the mapping, not of stock."""
    return latest.get(_key(one), one).location == one.location


def test_the_places_of_these_examples_share_a_location() -> None:
    assert (EAST.location, WEST.location) == (SHARED.location, "WEST")


def test_stock_that_was_not_there_before_gives_an_order_its_place_and_frees_the_other() -> None:
    sheet = StockSheet(setup(), columns_of([level(location="WEST")]), [demand("4", "7")], NOW)
    assert as_figures(sheet.everything()) == {("north", "8", "A"): 6}
    moved = as_figures(sheet.update(columns_of([level(on_hand="9", native_location="W1")])))
    assert moved == {("north", "7", "A"): 5, ("north", "8", "A"): 10, ("south", "70", "A"): 5}


def test_a_location_with_few_of_many_items_is_searched_and_says_the_same() -> None:
    others = [level(f"O-{number}", location="ELSEWHERE") for number in range(200)]
    told = [level("A", "10"), level("B", "7", location="WEST"), *others]
    sheet = StockSheet(setup(), columns_of(told), [demand("4", None)], NOW)
    assert as_figures(sheet.of(["A", "B"])) == as_figures(sheet.everything())
    moved = as_figures(sheet.update(columns_of([level("B", "9", location="WEST")])))
    assert moved == {("north", "8", "B"): 9}
    assert as_figures(sheet.everything()) | moved == as_figures(sheet.everything())
