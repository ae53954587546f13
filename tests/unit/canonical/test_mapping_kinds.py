"""Kits, units, locations both ways, accounts, reasons: what each kind answers, and rows through files and back."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.errors import HeldError, MisconfiguredError, RejectedError
from canonical.mapping.changes import Edit, EditKind, applied, difference
from canonical.mapping.kinds import KEY_COLUMNS, MappingKind, MappingRow, in_force, next_turn
from canonical.mapping.seeds import read_rows, write_file
from canonical.mapping.table import TableMappings
from canonical.mapping.units import in_base, in_unit
from canonical.mapping.validation import problems
from tests.unit.canonical.test_mappings import seeds

K = MappingKind


def rows(kind: MappingKind, *lines: tuple[str, ...]) -> list[MappingRow]:
    """Rows from (shop, key..., value)."""
    return [MappingRow(kind=kind, shop=line[0], key=line[1:-1], value=line[-1]) for line in lines]


def test_a_kit_takes_its_components_and_kits_in_kits_are_opened() -> None:
    table = TableMappings([
        *rows(K.ITEMS, ("*", "CUP", "", "C-1"), ("*", "SET", "", "S-1")),
        *rows(K.KITS, ("*", "SET", "C-1", "4"), ("*", "SET", "TRAY", "1")),
        *rows(K.KITS, ("*", "GIFT", "SET", "2"), ("*", "GIFT", "BOX", "1")),
    ])  # fmt: skip
    assert table.item("north", "SET", None) == "S-1"
    assert table.components("north", "CUP", None) == (("C-1", Decimal(1)),)
    assert table.components("north", "SET", None) == (("C-1", Decimal(4)), ("TRAY", Decimal(1)))
    assert table.components("north", "GIFT", None) == (("BOX", Decimal(1)), ("C-1", Decimal(8)), ("TRAY", Decimal(2)))
    assert table.components("north", "NONE", None) is None
    assert table.channel_skus("north", "C-1") == ("CUP", "GIFT", "SET")
    assert table.channel_skus("north", "UNKNOWN") == ()


def test_skus_of_an_item_follow_the_shops_own_rows_and_rules() -> None:
    table = TableMappings(rows(K.ITEMS, ("*", "*", "", "*"), ("*", "A", "", "X"), ("north", "A", "", "Y")))
    assert table.channel_skus("south", "X") == ("A", "X")
    assert table.channel_skus("north", "X") == ("X",)
    assert table.channel_skus("north", "Y") == ("A", "Y")


def test_an_item_is_found_by_barcode_and_inventory_item_when_nothing_stronger_is_mapped() -> None:
    table = TableMappings(
        rows(K.ITEMS, ("north", "", "", "4006381333931", "", "PEN"), ("north", "", "", "", "808", "INK"))
    )
    assert table.item("north", "NEW", None, "4006381333931") == "PEN"
    assert table.item("north", None, None, None, "808") == "INK"


def test_quantities_convert_exactly_and_a_rest_is_an_error() -> None:
    table = TableMappings(
        rows(K.UNITS, ("erp", "*", "case", "12"), ("erp", "PEN", "case", "10"), ("*", "*", "g", "1/1000"))
    )
    assert table.unit("erp", "CUP", "case") == Fraction(12)
    assert in_base(table, "erp", "CUP", Decimal(2), "case") == 24
    assert in_unit(table, "erp", "CUP", Decimal(24), "case") == 2
    assert in_unit(table, "erp", "PEN", Decimal(30), "case") == 3
    assert in_unit(table, "any", "TEA", Decimal("0.25"), "g") == 250
    with pytest.raises(RejectedError, match=r"6 would be left over .*unit_remainder"):
        in_unit(table, "erp", "CUP", Decimal(30), "case")
    with pytest.raises(HeldError, match="unit_unmapped"):
        in_base(table, "erp", "CUP", Decimal(1), "pallet")


@given(st.integers(1, 10**9), st.fractions(min_value=Fraction(1, 1000), max_value=1000))
def test_what_converts_comes_back_to_the_unit(count: int, factor: Fraction) -> None:
    table = TableMappings(rows(K.UNITS, ("erp", "*", "box", str(factor))))
    try:
        base = in_base(table, "erp", "A", Decimal(count), "box")
    except RejectedError:
        assert Fraction(count) * factor != Fraction(Decimal((count * factor).numerator) / (count * factor).denominator)
    else:
        assert in_unit(table, "erp", "A", base, "box") == count


def test_many_stock_locations_are_one_and_a_channel_location_is_found_both_ways() -> None:
    table = TableMappings(
        [
            *rows(K.STOCK_LOCATIONS, ("erp", "DC1-A", "DC-1"), ("erp", "DC1-B", "DC-1"), ("*", "DC-2", "DC-2")),
            *rows(K.LOCATIONS, ("north", "71", "East", "DC-1"), ("north", "", "West", "DC-2")),
        ]
    )
    assert table.stock_location("erp", "DC1-A") == table.stock_location("erp", "DC1-B") == "DC-1"
    assert table.stock_location("wms", "DC-2") == "DC-2"
    assert table.stock_location("wms", "DC1-A") is None
    assert table.location("north", "71", None) == "DC-1"
    assert table.channel_location("north", "DC-1") == "71"
    assert table.channel_location("north", "DC-2") is None
    assert table.channel_location("north", "DC-2", {"West": "72"}) == "72"
    assert table.channel_location("south", "DC-1") is None


def test_an_account_of_the_location_goes_before_that_of_its_company() -> None:
    table = TableMappings(rows(K.ACCOUNTS, ("north", "7", "", "C-7"), ("north", "7", "12", "C-7-12")))
    assert table.account("north", "7", "12") == "C-7-12"
    assert table.account("north", "7", "13") == "C-7"
    assert table.account("north", "8", None) is None


def test_reasons_statuses_carriers_and_price_lists_are_found() -> None:
    table = TableMappings(
        [
            *rows(K.REASONS, ("*", "return", "*", "*"), ("*", "return", "SIZE_TOO_SMALL", "SIZE")),
            *rows(K.STATUSES, ("*", "product", "obsolete", "archived")),
            *rows(K.CARRIERS, ("*", "ups_shipping", "UPS")),
            *rows(K.PRICE_LISTS, ("north", "WHOLESALE", "B2B")),
        ]
    )
    assert table.reason("north", "return", "SIZE_TOO_SMALL") == "SIZE"
    assert table.reason("north", "return", "OTHER") == "OTHER"
    assert table.reason("north", "cancel", "OTHER") is None
    assert table.status("north", "product", "obsolete") == "archived"
    assert table.carrier("north", "ups_shipping") == "UPS"
    assert table.price_list("north", "WHOLESALE") == "B2B"


def test_bad_lines_of_every_kind_are_named_with_their_field() -> None:
    texts = seeds() | {
        "kits.csv": "shop,sku,item,value\nnorth,SET,,1\nnorth,SET,CUP,none\n",
        "units.csv": "system,item,unit,value\nerp,*,*,1\nerp,*,case,0\n",
        "accounts.csv": "shop,company_id,location_id,value\nnorth,,12,C\n",
        "carriers.csv": "shop,name,value,valid_from,valid_to\n*,dhl,DHL,2027-02-30,\n*,ups,UPS,2027-02-01,2027-01-01\n",
    }
    with pytest.raises(MisconfiguredError) as caught:
        read_rows(texts)
    assert caught.value.words.splitlines() == [
        "kits.csv line 2: item is empty",
        "kits.csv line 3: value none is not how many of the item the kit takes",
        "units.csv line 2: unit * says nothing; name the unit",
        "units.csv line 3: value 0 is not a number of base units such as 12 or 1/12",
        "carriers.csv line 2: valid_from 2027-02-30 is not a date such as 2027-01-01, or a moment with its zone",
        "carriers.csv line 3: valid_to is not after valid_from",
        "accounts.csv line 2: company_id is empty",
    ]


def test_rows_with_dates_follow_each_other_in_a_file_and_in_time() -> None:
    texts = seeds(items="") | {
        "carriers.csv": "shop,name,value,valid_from,valid_to\n*,dhl,DHL,,2099-01-01\n*,dhl,DHL Express,2099-01-01,\n"
    }
    found = [row for row in read_rows(texts) if row.kind is K.CARRIERS]
    turn = found[0].valid_to
    assert turn is not None
    assert next_turn(found, turn.replace(year=2098)) == turn
    assert [row.value for row in in_force(found, turn)] == ["DHL Express"]
    assert list(problems(found)) == []


_codes = st.text("ABC,\"' é", min_size=1, max_size=4).map(str.strip).filter(bool)


@st.composite
def some_rows(draw: st.DrawFn) -> list[MappingRow]:
    kind = draw(st.sampled_from([K.CARRIERS, K.ITEMS, K.REASONS]))
    key = st.tuples(*(_codes for _ in KEY_COLUMNS[kind]))
    made = draw(st.lists(st.builds(MappingRow, kind=st.just(kind), shop=_codes, key=key, value=_codes), max_size=6))
    return list({row.place: row for row in made}.values())


@given(some_rows())
def test_what_is_written_to_a_file_is_read_back(made: list[MappingRow]) -> None:
    texts = seeds() | {f"{row.kind}.csv": write_file(row.kind, made) for row in made}
    assert set(read_rows(texts)) == set(made)


@given(some_rows(), some_rows())
def test_the_difference_of_two_versions_leads_from_one_to_the_other(
    one: list[MappingRow], other: list[MappingRow]
) -> None:
    assert set(applied(one, difference(one, other))) == set(other)


def test_an_edit_in_the_middle_of_time_leaves_what_is_before_and_after() -> None:
    (row,) = rows(K.CARRIERS, ("*", "dhl", "DHL"))
    texts = seeds() | {"carriers.csv": "shop,name,value,valid_from,valid_to\n*,dhl,POST,2098-01-01,2099-01-01\n"}
    (cut,) = read_rows(texts)
    parts = applied([row], [Edit(row=cut)])
    assert sorted((part.value, str(part.valid_from)[:4], str(part.valid_to)[:4]) for part in parts) == [
        ("DHL", "2099", "None"), ("DHL", "None", "2098"), ("POST", "2098", "2099"),
    ]  # fmt: skip
    assert list(problems(parts)) == []
    gone = applied(parts, [Edit(kind=EditKind.REMOVE, row=cut)])
    assert "nothing is mapped between" in "".join(problems(gone))
