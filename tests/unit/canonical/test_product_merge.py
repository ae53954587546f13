"""Products merged by who owns which field."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from canonical.money import Money
from canonical.product import Image, Option, Product, ProductStatus, SourceProduct, Variant, Weight
from canonical.product_fields import product_fields
from canonical.rules.product_merge import MergedProduct, assemble, merge, of_company

NOW = datetime(2026, 11, 2, tzinfo=UTC)
OWNERS = dict.fromkeys(product_fields(), "erp") | dict.fromkeys(
    ("title", "description_html", "images", "options", "variants.options"), "pim"
)
ERP_GIVEN = frozenset({"title", "status", "variants", "variants.price", "variants.weight"})
PIM_GIVEN = frozenset({"title", "description_html", "images", "options", "variants.options"})


def variant(sku: str, price: str = "24.00", **changes: Any) -> Variant:
    amount = Money.of(price, "USD")
    return Variant(**{"id": sku, "sku": sku, "price": amount, "weight": Weight(grams=Decimal(180)), **changes})


def erp(*variants: Variant, age: int = 0, given: frozenset[str] = ERP_GIVEN, **changes: Any) -> SourceProduct:
    content = {"id": "TEE", "title": "TEE HARBOUR COTTON", "variants": variants or (variant("TEE-S"), variant("TEE-M"))}
    product = Product(**{**content, **changes})
    return SourceProduct(
        source="erp", key=product.id, product=product, given=given, updated_at=NOW - timedelta(hours=age)
    )


def pim(given: frozenset[str] = PIM_GIVEN, **changes: Any) -> SourceProduct:
    content = {
        "id": "TEE",
        "title": "Harbour Tee",
        "description_html": "<p>Soft.</p>",
        "images": (Image(url="https://example.com/tee.jpg"),),
        "options": (Option(name="Size", values=("S", "M")),),
        "variants": (
            variant("TEE-M", "99.00", options={"Size": "M"}),
            variant("TEE-S", "99.00", options={"Size": "S"}),
        ),
    }
    product = Product(**{**content, **changes})
    return SourceProduct(source="pim", key=product.id, product=product, given=given, updated_at=NOW)


def merged(*records: SourceProduct, owners: dict[str, str] = OWNERS, required: tuple[str, ...] = ()) -> MergedProduct:
    found = merge(records, owners, required)
    assert found is not None
    return found


def test_each_field_comes_from_its_owner_and_the_variants_from_theirs_by_sku() -> None:
    result = merged(pim(), erp())
    product = result.product
    assert (product.id, product.title, product.description_html) == ("TEE", "Harbour Tee", "<p>Soft.</p>")
    assert [(v.sku, v.options, str(v.price)) for v in product.variants] == [
        ("TEE-S", {"Size": "S"}, "24.00 USD"),
        ("TEE-M", {"Size": "M"}, "24.00 USD"),
    ]
    assert result.owned == PIM_GIVEN | (ERP_GIVEN - {"title"})


def test_what_an_owner_does_not_say_is_not_ours_to_write() -> None:
    result = merged(erp(), pim(given=PIM_GIVEN - {"images"}))
    assert "images" not in result.owned
    assert result.product.images == ()
    assert "tags" not in result.owned


def test_a_field_of_the_channel_is_never_owned_whatever_sources_say() -> None:
    owners = OWNERS | {"title": "shopify", "status": "shopify"}
    result = merged(erp(), pim(), owners=owners)
    assert not {"title", "status"} & result.owned


def test_a_variant_the_enriching_source_lacks_keeps_what_its_owner_says() -> None:
    result = merged(erp(variant("TEE-S"), variant("TEE-XL", "26.00")), pim())
    assert [(v.sku, v.options) for v in result.product.variants] == [("TEE-S", {"Size": "S"}), ("TEE-XL", {})]


def test_without_the_owner_of_its_variants_there_is_no_product_yet() -> None:
    assert merge([pim()], OWNERS) is None


def test_what_is_inactive_in_the_erp_is_archived_however_much_is_missing() -> None:
    result = merged(erp(status=ProductStatus.ARCHIVED), required=("description_html",))
    assert (result.product.status, result.missing) == (ProductStatus.ARCHIVED, ("description_html",))


def test_a_product_is_a_draft_until_what_is_required_is_there() -> None:
    required = ("images", "variants.options", "variants.price")
    alone = merged(erp(), required=required)
    assert (alone.product.status, alone.missing) == (ProductStatus.DRAFT, ("images", "variants.options"))
    assert merged(erp(), pim(), required=required).product.status is ProductStatus.ACTIVE


def test_while_the_owner_of_the_status_is_silent_a_product_begins_as_a_draft_and_its_status_is_not_ours() -> None:
    for owner in ("erp", "shopify"):
        owners = OWNERS | {"variants": "pim", "status": owner}
        result = merged(pim(given=PIM_GIVEN | {"variants"}), owners=owners)
        assert (result.product.status, "status" in result.owned) == (ProductStatus.DRAFT, False)


def test_the_enriching_source_may_hold_a_product_back_when_it_owns_the_status() -> None:
    owners = OWNERS | {"status": "pim"}
    held = pim(given=PIM_GIVEN | {"status"}, status=ProductStatus.DRAFT)
    assert merged(erp(), held, owners=owners).product.status is ProductStatus.DRAFT
    inactive = erp(status=ProductStatus.ARCHIVED)
    assert merged(inactive, held, owners=owners).product.status is ProductStatus.ARCHIVED


def test_each_company_sees_its_own_records_and_those_for_all() -> None:
    north, south = (erp().model_copy(update={"company": name}) for name in ("north", "south"))
    assert of_company([north, south, pim()], "south") == [south, pim()]


def test_of_two_records_of_one_source_the_newer_counts() -> None:
    old, new = erp(variant("TEE-S", "20.00"), age=5), erp(variant("TEE-S", "21.00"))
    assert merged(new, old) == merged(old, new) == merged(new)


def test_items_of_an_erp_without_templates_become_the_variants_of_the_product_that_names_them() -> None:
    owners = OWNERS | dict.fromkeys(("variants", "title"), "pim")
    items = [erp(variant(sku, price), id=sku) for sku, price in (("TEE-S", "24.00"), ("TEE-M", "25.00"))]
    stranger = erp(variant("MUG"), id="MUG")
    groups = assemble([*items, stranger, pim(given=PIM_GIVEN | {"variants"})], owners)
    assert list(groups) == ["TEE"]
    result = merged(*groups["TEE"], owners=owners)
    assert [(v.sku, str(v.price)) for v in result.product.variants] == [("TEE-M", "25.00 USD"), ("TEE-S", "24.00 USD")]


def test_records_meet_by_key_or_by_sku() -> None:
    other_key = pim(id="tee-harbour")
    assert [r.source for r in assemble([erp(), other_key], OWNERS)["TEE"]] == ["erp", "pim"]
    assert [r.source for r in assemble([pim(variants=()), erp()], OWNERS)["TEE"]] == ["erp", "pim"]


fields = st.sets(st.sampled_from(sorted(product_fields())), max_size=12)


names = st.sampled_from(sorted(product_fields()))
named = st.dictionaries(names, st.sampled_from(["erp", "pim", "shopify"]), max_size=12)


@given(erp_given=fields, pim_given=fields, owner_of=named, seed=st.integers(0, 99))
def test_every_owned_field_is_its_owners_and_the_order_of_records_does_not_matter(
    erp_given: set[str], pim_given: set[str], owner_of: dict[str, str], seed: int
) -> None:
    owners = OWNERS | owner_of | {"variants": "erp"}
    said = {"erp": erp(given=frozenset(erp_given) | {"variants"}), "pim": pim(given=frozenset(pim_given))}
    records = list(said.values())
    random.Random(seed).shuffle(records)
    result = merge(records, owners)
    assert result is not None
    assert result == merge(records[::-1], owners)
    for name in result.owned - {"status"}:
        record = said[owners[name]]
        assert name in record.given
        if name.startswith("variants."):
            field = name.removeprefix("variants.")
            theirs = {v.sku: getattr(v, field) for v in record.product.variants}
            assert {v.sku: getattr(v, field) for v in result.product.variants} == theirs
        elif name != "variants":
            assert getattr(result.product, name) == getattr(record.product, name)
    assert not [name for name in result.owned if owners[name] == "shopify"]
