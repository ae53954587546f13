"""Templates of Tryton as products, with the fields of whatever modules there are."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from canonical.product import ProductStatus, SourceProduct
from connectors.tryton.product_rows import OPTIONAL, fields_of, source_product

MADE, CHANGED = datetime(2026, 11, 1), datetime(2026, 11, 3)


def template(**changes: Any) -> dict[str, Any]:
    given = {
        "name": "Enamel Mug", "code": "MUG", "active": True, "salable": True, "categories.": [{"name": "Home"}],
        "type": "goods", "consumable": False, "write_date": None, "create_date": MADE, "list_prices.": [],
    }  # fmt: skip
    return {**given, **changes}


def variant(code: str | None = "MUG-WHT", **changes: Any) -> dict[str, Any]:
    given = {
        "code": code, "active": True, "list_price_used": Decimal("12.50"), "sale_uom.": {"name": "Unit"},
        "identifiers.": [], "list_prices.": [], "write_date": None, "create_date": MADE,
    }  # fmt: skip
    return {**given, **changes}


def product(*variants: dict[str, Any], present: tuple[str, ...] = (), **changes: Any) -> SourceProduct:
    found = source_product(
        template(**changes), variants or (variant(),), present, source="erp", company="north", currency="USD"
    )
    assert found is not None
    return found


def test_only_the_fields_of_modules_that_are_there_are_read_and_given() -> None:
    assert "attributes" not in fields_of([])
    assert {"weight", "weight_uom.symbol", "tariff_codes.tariff_code.code"} <= set(fields_of(list(OPTIONAL)))
    bare, full = product(), product(present=tuple(OPTIONAL))
    assert not {"variants.weight", "options", "variants.customs_code", "variants.origin_country"} & bare.given
    assert {"variants.weight", "options", "variants.options", "variants.customs_code"} <= full.given


def test_the_key_is_the_templates_code_or_else_that_of_its_first_variant() -> None:
    assert product().key == "MUG"
    assert product(variant("MUG-WHT"), variant("MUG-BLU"), code=None).key == "MUG-WHT"
    assert source_product(template(), [variant(None)], (), source="erp", company="north", currency="USD") is None


def test_attributes_are_options_in_the_order_of_the_variants() -> None:
    rows = [variant("A", attributes={"Color": "White", "Size": 3}), variant("B", attributes={"Color": "Blue"})]
    found = product(*rows, present=("attributes",)).product
    assert [(option.name, option.values) for option in found.options] == [
        ("Color", ("White", "Blue")),
        ("Size", ("3",)),
    ]
    assert found.variants[1].options == {"Color": "Blue"}


def test_weight_is_grams_whatever_its_unit_and_customs_are_told() -> None:
    row = variant(
        **{
            "weight": Decimal("0.35"),
            "weight_uom.": {"symbol": "kg"},
            "tariff_codes.": [{"tariff_code.": {"code": "69120081"}}],
            "country_of_origin.": {"code": "PT"},
        }
    )
    (told,) = product(row, present=tuple(OPTIONAL)).product.variants
    assert told.weight is not None
    assert (told.weight.grams, told.customs_code, told.origin_country) == (Decimal(350), "69120081", "PT")
    (light,) = product(
        variant(weight=Decimal(1), **{"weight_uom.": {"symbol": "grain"}}), present=("weight",)
    ).product.variants
    assert light.weight is None


def test_a_barcode_is_the_first_number_that_scanners_read() -> None:
    numbers = [{"type": None, "code": "X"}, {"type": "ean", "code": "9501100000019"}, {"type": "ean", "code": "2"}]
    (told,) = product(variant(**{"identifiers.": numbers})).product.variants
    assert told.barcode == "9501100000019"


def test_inactive_variants_are_left_out_of_a_product_that_is_sold() -> None:
    found = product(variant("A"), variant("B", active=False)).product
    assert ([v.sku for v in found.variants], found.status) == (["A"], ProductStatus.ACTIVE)


def test_what_is_inactive_or_not_salable_is_archived_with_all_its_variants() -> None:
    for changes in ({"active": False}, {"salable": False}):
        found = product(variant("A"), variant("B", active=False), **changes).product
        assert ([v.sku for v in found.variants], found.status) == (["A", "B"], ProductStatus.ARCHIVED)
    assert product(variant("A", active=False)).product.status is ProductStatus.ARCHIVED


def test_it_changed_when_any_part_of_it_did() -> None:
    assert product().updated_at == MADE.replace(tzinfo=UTC)
    for row in (
        {"list_prices.": [{"write_date": CHANGED}]},
        {"identifiers.": [{"type": "ean", "code": "1", "write_date": CHANGED}]},
    ):
        assert product(variant(**row)).updated_at == CHANGED.replace(tzinfo=UTC)


def test_a_description_is_text_that_becomes_html() -> None:
    row = variant(web_shop_description="Holds <1 l\nof tea.\n\nDishwasher safe.")
    found = product(row, present=("web_shop_description",))
    assert found.product.description_html == "<p>Holds &lt;1 l<br>of tea.</p><p>Dishwasher safe.</p>"
    assert "description_html" in found.given
    assert "description_html" not in product(present=("web_shop_description",)).given
