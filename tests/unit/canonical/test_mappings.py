"""Mapping tables: the most specific row wins, unmapped is None, and bad seed lines are named."""

import pytest

from canonical.errors import MisconfiguredError
from canonical.mapping.seeds import FIRST_FILES, read_mappings
from canonical.mapping.table import TableMappings
from canonical.ports import Mappings
from deployments.landscape_loader import load_mappings
from deployments.sandbox.catalogue import load_catalogue

HEADERS = {
    "items.csv": "shop,sku,variant_id,value",
    "taxes.csv": "shop,title,rate,country,region,value",
    "shipping_methods.csv": "shop,code,title,value",
    "locations.csv": "shop,location_id,name,value",
    "payment_methods.csv": "shop,gateway,value",
    "account_items.csv": "shop,purpose,value",
}


def seeds(**lines: str) -> dict[str, str]:
    """Seed texts with the given data lines (`items="*,A,,A"`) below their headers."""
    return {name: f"{head}\n{lines.get(name.removesuffix('.csv'), '')}\n" for name, head in HEADERS.items()}


def problems_of(**lines: str) -> list[str]:
    with pytest.raises(MisconfiguredError) as caught:
        read_mappings(seeds(**lines))
    return caught.value.words.splitlines()


@pytest.fixture(scope="module")
def shipped() -> TableMappings:
    return load_mappings()


def test_the_table_is_a_mappings_port(shipped: TableMappings) -> None:
    port: Mappings = shipped
    assert port.account_item("north", "shipping") == "SHIPPING"


def test_the_seeds_cover_what_the_back_office_of_the_sandbox_knows_and_nothing_else(shipped: TableMappings) -> None:
    catalogue = load_catalogue()
    for shop in catalogue.shops:
        for sku, (product, _) in catalogue.variants.items():
            assert shipped.item(shop.code, sku, None) == (sku if product.in_erp else None)
        for tax in catalogue.taxes:
            country, _, region = tax.jurisdiction.partition("-")
            code = shipped.tax(shop.code, tax.title, str(tax.rate), country, region or None)
            assert code == (tax.code if tax.in_erp else None)
        for method in catalogue.shipping_methods:
            assert shipped.shipping_method(shop.code, method.code, "?") == (method.code if method.in_erp else None)
        for location in catalogue.locations:
            expected = location.code if shop.code in location.shops else None
            assert shipped.location(shop.code, "77", location.name) == expected
        for gateway in catalogue.payment_gateways:
            assert (shipped.payment_method(shop.code, gateway.code) is None) == (gateway.kind == "test")


def test_a_sku_goes_before_a_variant_id() -> None:
    table = read_mappings(seeds(items="north,RED,,ITEM-1\nnorth,,42,ITEM-2"))
    assert table.item("north", "RED", "42") == "ITEM-1"
    assert table.item("north", "BLUE", "42") == "ITEM-2"
    assert table.item("north", None, "42") == "ITEM-2"
    assert table.item("north", None, None) is None


def test_the_row_of_a_shop_goes_before_that_of_every_shop() -> None:
    table = read_mappings(seeds(payment_methods="*,paypal,PP\nsouth,paypal,PP-EU"))
    assert table.payment_method("south", "paypal") == "PP-EU"
    assert table.payment_method("north", "paypal") == "PP"
    assert table.payment_method("north", "cash") is None


def test_a_rule_row_means_the_same_code_unless_there_is_an_exception() -> None:
    table = read_mappings(seeds(items="*,*,,*\nnorth,OLD,,NEW"))
    assert table.item("north", "ANY", None) == "ANY"
    assert table.item("north", "OLD", None) == "NEW"
    assert table.item("south", "OLD", None) == "OLD"
    assert table.item("south", None, "42") is None


def test_a_rule_row_may_send_all_that_is_left_to_one_value() -> None:
    table = read_mappings(seeds(shipping_methods="north,EXPRESS,,AIR\nnorth,*,,GROUND"))
    assert table.shipping_method("north", "EXPRESS", "Express") == "AIR"
    assert table.shipping_method("north", "SLOW", "Slow") == "GROUND"
    assert table.shipping_method("south", "SLOW", "Slow") is None


def test_a_tax_is_found_by_title_and_rate_with_the_nearest_place_first() -> None:
    table = read_mappings(
        seeds(taxes="*,State Tax,0.06,US,CA,CA-6\n*,State Tax,0.06,US,,US-6\n*,State Tax,0.040,*,,ANY-4")
    )
    assert table.tax("north", "State Tax", "0.06", "US", "CA") == "CA-6"
    assert table.tax("north", "State Tax", "0.060", "US", "NV") == "US-6"
    assert table.tax("north", "State Tax", "0.04", "FR", None) == "ANY-4"
    assert table.tax("north", "State Tax", "0.07", "US", "CA") is None
    assert table.tax("north", "State Tax", "0.06", "DE", None) is None


def test_without_a_destination_a_tax_is_taken_only_when_there_is_one() -> None:
    table = read_mappings(seeds(taxes="*,State Tax,0.06,US,CA,CA-6\n*,State Tax,0.06,US,NV,NV-6\n*,HST,0.13,CA,ON,HST"))
    assert table.tax("north", "State Tax", "0.06", None, None) is None
    assert table.tax("north", "HST", "0.13", None, None) == "HST"


def test_every_bad_line_is_named_with_file_and_line() -> None:
    found = problems_of(
        items="north,A,,A\nnorth,A,,B\n,C,,C\nnorth,,,D\nnorth,E,,",
        taxes="*,VAT,19%,DE,,DE\n*,VAT,0.19,Germany,,DE\n*,VAT,0.19,,BY,DE\n*,*,0.19,,,DE",
        payment_methods="north,cash\nnorth,cash,*",
    )
    assert found == [
        "items.csv line 3: the same key as line 2",
        "items.csv line 4: shop is empty; write a shop or *",
        "items.csv line 5: one of sku, variant_id, barcode, inventory_item_id is needed",
        "items.csv line 6: value is empty; delete the line to unmap",
        "taxes.csv line 2: rate 19% is not a fraction such as 0.19",
        "taxes.csv line 3: country Germany is not a code of two letters",
        "taxes.csv line 4: region BY needs its country",
        "taxes.csv line 5: a tax is mapped by its own title and rate, never by *",
        "payment_methods.csv line 2: 3 columns are expected",
        "payment_methods.csv line 3: value * (the same code) needs a key of *",
    ]


def test_wrong_columns_and_missing_files_are_told_together() -> None:
    texts = seeds() | {"items.csv": "sku,item\nA,A\n", "extra.csv": "a\n"}
    del texts["locations.csv"]
    with pytest.raises(MisconfiguredError) as caught:
        read_mappings(texts)
    words = caught.value.words
    assert "extra.csv: no such mapping" in words
    assert "items.csv line 1: the columns are shop, sku, variant_id, value" in words
    assert "locations.csv is missing" in words


def test_the_files_without_which_no_order_is_booked_are_the_needed_ones() -> None:
    assert set(FIRST_FILES) == set(HEADERS)
