"""The sandbox catalogue: one file that every seeder can trust."""

from __future__ import annotations

import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from deployments.sandbox.catalogue import CATALOGUE_FILE, Catalogue, gtin_check_digit, load_catalogue


@pytest.fixture
def raw() -> dict[str, list[dict[str, object]]]:
    return tomllib.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))


def test_a_shop_has_three_distribution_centres_and_twenty_stores() -> None:
    kinds = Counter(location.kind for location in load_catalogue().locations_of("north"))
    assert kinds == {"dc": 3, "store": 20}


def test_the_two_shops_share_order_numbers_and_skus_but_no_customer_or_currency() -> None:
    catalogue = load_catalogue()
    north, south = catalogue.shop("north"), catalogue.shop("south.myshopify.com")
    assert north.first_order_number == south.first_order_number == 1001
    assert (north.currency, north.taxes_included) == ("USD", False)
    assert (south.currency, south.taxes_included) == ("EUR", True)
    assert {v for _, v in catalogue.variants.values() if not {"USD", "EUR"} <= v.prices.keys()} == set()
    assert not {c.email for c in catalogue.customers_of("north")} & {c.email for c in catalogue.customers_of("south")}


def test_opening_stock_stays_small_enough_to_seed_and_covers_every_tracked_variant() -> None:
    catalogue = load_catalogue()
    assert len(catalogue.stock_lines) <= 300
    tracked = {sku for sku, (product, _) in catalogue.variants.items() if product.tracked}
    for shop in ("north", "south"):
        assert {line.sku for line in catalogue.stock_lines if line.shop == shop} == tracked


def test_taxes_are_listed_by_jurisdiction_and_category() -> None:
    catalogue = load_catalogue()
    rates = [tax.rate for tax in catalogue.taxes_for("US-CA", "standard")]
    assert rates == [Decimal("0.06"), Decimal("0.0025"), Decimal("0.0325")]
    assert catalogue.taxes_for("US-CA", "shipping") == ()
    assert [tax.code for tax in catalogue.taxes_for("DE", "book")] == ["DE-VAT-REDUCED"]
    assert all(catalogue.taxes_for(customer.address.jurisdiction, "standard") for customer in catalogue.customers)


def test_something_of_every_kind_is_unknown_to_the_back_office() -> None:
    catalogue = load_catalogue()
    assert [product.handle for product in catalogue.products if not product.in_erp] == ["tide-scarf"]
    assert [method.code for method in catalogue.shipping_methods if not method.in_erp] == ["DRONE"]
    assert [tax.code for tax in catalogue.taxes if not tax.in_erp] == ["US-NY-LEVY", "FR-LEVY"]


@pytest.mark.parametrize("gtin", ["4006381333931", "9780201379624", "5901234123457"])
def test_the_check_digit_agrees_with_barcodes_in_the_world(gtin: str) -> None:
    assert gtin_check_digit(gtin[:-1]) == gtin[-1]


def test_all_contradictions_of_a_file_are_reported_at_once(raw: dict[str, list[dict[str, object]]]) -> None:
    raw["customers"][1]["email"] = raw["customers"][0]["email"]
    raw["companies"][0]["contact"] = "C999"
    raw["stock"].append({"shop": "south", "location": "ST-NYC1", "quantity": 1, "skus": ["NO-SUCH-SKU"]})
    with pytest.raises(ValidationError) as caught:
        Catalogue.model_validate(raw)
    for part in ("ada.marsh@example.com appears twice", "contact C999", "does not use location ST-NYC1", "unknown"):
        assert part in str(caught.value)


def test_a_wrong_check_digit_and_a_price_as_a_number_are_refused(raw: dict[str, list[dict[str, object]]]) -> None:
    variant = raw["products"][0]["variants"][0]  # type: ignore[index]
    variant["gtin"] = "9501100000012"
    raw["taxes"][0]["rate"] = 0.06
    with pytest.raises(ValidationError, match="wrong check digit") as caught:
        Catalogue.model_validate(raw)
    assert "floats are refused" in str(caught.value)


def test_loading_twice_reads_the_file_once(tmp_path: Path) -> None:
    copy = tmp_path / "catalogue.toml"
    copy.write_bytes(CATALOGUE_FILE.read_bytes())
    first = load_catalogue(copy)
    copy.unlink()
    assert load_catalogue(copy) is first
