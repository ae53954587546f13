"""productSet: what is sent replaces, what is not sent stays, one call is one news, and refusals change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.shopify.stand_in import StandIn
from tests.sandbox.shopify.asking import NORTH, Shop
from tests.sandbox.shopify.product_asking import SET, big_shop, heard, put, refused, sized, skus, variant

READ = """query Read($id: ID!) { product(id: $id) {
  options { name values optionValues { name hasVariants } }
  metafields(first: 10) { nodes { namespace key value } }
  collections(first: 5) { nodes { title } }
  media(first: 5) { nodes { id alt status } }
  hasOnlyDefaultVariant
  tracksInventory
  variants(first: 10) { nodes { id sku selectedOptions { name value } } }
} }"""


@pytest.fixture
def shop() -> Shop:
    return big_shop()


def location(shop: Shop, place: int = 0) -> str:
    return str(shop.state.all(NORTH, "Location")[place]["id"])


def test_a_product_is_made_with_its_variants_items_and_stock_in_one_news(shop: Shop) -> None:
    stocked = {"locationId": location(shop), "name": "available", "quantity": 7}
    item = {"tracked": True, "cost": "31.5", "harmonizedSystemCode": "620193", "countryCodeOfOrigin": "PT"}
    weight = {"measurement": {"weight": {"unit": "GRAMS", "value": 640}}}
    rows = [variant("S", inventoryItem={**item, **weight}, inventoryQuantities=[stocked]), variant("M")]

    product = put(shop, sized("S", "M", variants=rows, tags=["rain, wind", "Rain"]))

    assert skus(product) == ["FJ-S", "FJ-M"]
    assert (product["handle"], product["status"], product["tags"]) == ("field-jacket", "ACTIVE", ["rain", "wind"])
    assert [one["inventoryQuantity"] for one in product["variants"]["nodes"]] == [7, 0]
    kept = shop.record(shop.record(product["variants"]["nodes"][0]["id"])["inventoryItem"]["id"])
    assert (kept["sku"], kept["tracked"], kept["harmonizedSystemCode"]) == ("FJ-S", True, "620193")
    assert kept["unitCost"] == {"amount": "31.50", "currencyCode": "USD"}
    assert kept["measurement"]["weight"] == {"unit": "GRAMS", "value": 640.0}
    assert [topic for topic in shop.topics() if topic.startswith("products/")] == ["products/create"]


def test_the_same_input_again_changes_nothing_and_is_no_news(shop: Shop) -> None:
    given = sized(
        "S", "M", metafields=[{"namespace": "erp", "key": "code", "type": "single_line_text_field", "value": "7"}]
    )
    product = put(shop, given)
    news = len(shop.changes)
    shop.later(minutes=5)

    again = put(shop, given, id=product["id"])

    assert again == product
    assert len(shop.changes) == news


def test_a_list_that_is_sent_replaces_and_one_that_is_not_stays(shop: Shop) -> None:
    collection = shop.ask('mutation { collectionCreate(input: {title: "Rainwear"}) { collection { id } } }')[
        "collection"
    ]
    fields: dict[str, Any] = {
        "metafields": [
            {"namespace": "erp", "key": "code", "type": "single_line_text_field", "value": "7"},
            {"namespace": "erp", "key": "range", "type": "single_line_text_field", "value": "A"},
        ],
        "collections": [collection["id"]],
        "files": [{"originalSource": "https://cdn.example.com/front.jpg", "alt": "Front"}],
    }
    product = put(shop, sized("S", "M", "L", **fields))

    put(shop, {"title": "Field coat"}, id=product["id"])
    untouched = shop.ask(READ, id=product["id"])
    rows = [variant("L", price="95.00"), variant("S")]
    put(shop, sized("S", "L", variants=rows, metafields=fields["metafields"][:1], collections=[]), id=product["id"])
    replaced = shop.ask(READ, id=product["id"])

    assert [one["sku"] for one in untouched["variants"]["nodes"]] == ["FJ-S", "FJ-M", "FJ-L"]
    assert (len(untouched["metafields"]["nodes"]), len(untouched["media"]["nodes"])) == (2, 1)
    assert untouched["collections"]["nodes"] == [{"title": "Rainwear"}]
    assert [one["sku"] for one in replaced["variants"]["nodes"]] == ["FJ-L", "FJ-S"]
    assert replaced["metafields"]["nodes"] == [{"namespace": "erp", "key": "code", "value": "7"}]
    assert (replaced["collections"]["nodes"], len(replaced["media"]["nodes"])) == ([], 1)
    assert replaced["options"][0]["values"] == ["S", "L"]


def test_a_variant_keeps_its_id_by_id_or_by_its_option_values(shop: Shop) -> None:
    product = put(shop, sized("S", "M"))
    small, medium = (one["id"] for one in product["variants"]["nodes"])

    rows = [variant("M", price="80.00"), {**variant("XS"), "id": small}]
    changed = put(shop, sized("XS", "M", variants=rows), id=product["id"])

    assert [(one["id"], one["title"], one["price"]) for one in changed["variants"]["nodes"]] == [
        (medium, "M", "80.00"),
        (small, "XS", "89.00"),
    ]


def test_a_variant_that_goes_takes_its_item_and_stock_along(shop: Shop) -> None:
    stocked = {"locationId": location(shop), "name": "on_hand", "quantity": 3}
    product = put(shop, sized("S", "M", variants=[variant("S", inventoryQuantities=[stocked]), variant("M")]))
    gone = shop.record(product["variants"]["nodes"][0]["id"])

    put(shop, sized("M"), id=product["id"])

    assert shop.state.get(NORTH, gone["id"]) is None
    assert shop.state.get(NORTH, gone["inventoryItem"]["id"]) is None
    assert all(level["item"] != gone["inventoryItem"] for level in shop.state.all(NORTH, "InventoryLevel"))


@pytest.mark.parametrize(
    "identifier", [{"handle": "field-jacket"}, {"customId": {"namespace": "erp", "key": "code", "value": "7"}}]
)
def test_an_identifier_makes_the_product_once_and_finds_it_then(shop: Shop, identifier: dict[str, Any]) -> None:
    rows = [{"namespace": "erp", "key": "code", "type": "single_line_text_field", "value": "7"}]

    first = put(shop, sized("S", metafields=rows), **identifier)
    second = put(shop, sized("S", metafields=rows, title="Field coat"), **identifier)

    assert second["id"] == first["id"]
    assert (second["title"], second["handle"]) == ("Field coat", "field-jacket")


def test_a_handle_is_made_of_the_title_and_numbered_when_it_is_taken(shop: Shop) -> None:
    handles = [put(shop, {"title": "Crème brûlée!"})["handle"] for _ in range(3)]

    assert handles == ["creme-brulee", "creme-brulee-1", "creme-brulee-2"]


def test_without_options_a_product_has_its_one_default_variant(shop: Shop) -> None:
    product = put(shop, {"title": "Umbrella"})
    read = shop.ask(READ, id=product["id"])

    assert [one["title"] for one in product["variants"]["nodes"]] == ["Default Title"]
    assert read["hasOnlyDefaultVariant"] is True
    assert read["options"] == [
        {"name": "Title", "values": ["Default Title"], "optionValues": [{"name": "Default Title", "hasVariants": True}]}
    ]


def test_asynchronous_work_is_done_a_moment_later_and_its_errors_are_told_by_the_operation(shop: Shop) -> None:
    poll = """query Poll($id: ID!) { productOperation(id: $id) { status product { handle }
      ... on ProductSetOperation { userErrors { code message } } } }"""
    good = shop.ask(SET, input=sized("S"), now=False)
    bad = shop.ask(SET, input=sized("S", title=" "), now=False)
    started = shop.ask(poll, id=good["productSetOperation"]["id"])

    shop.later(seconds=2)

    assert (good["product"], started["status"]) == (None, "CREATED")
    assert shop.ask(poll, id=good["productSetOperation"]["id"]) == {
        "status": "COMPLETE",
        "product": {"handle": "field-jacket"},
        "userErrors": [],
    }
    told = shop.ask(poll, id=bad["productSetOperation"]["id"])
    assert told["product"] is None
    assert [one["message"] for one in told["userErrors"]] == ["Title can't be blank"]


def test_2048_variants_may_be_sent_and_one_more_may_not(shop: Shop) -> None:
    sizes = [str(size) for size in range(2049)]
    options = [{"name": "Size", "values": [{"name": size} for size in sizes[:250]]}]
    rows = [variant(size) for size in sizes]

    whole = shop.refusal(SET, input={"title": "Many", "productOptions": options, "variants": rows})
    values = shop.refusal(
        SET,
        input={"title": "Many", "productOptions": [{"name": "Size", "values": [{"name": one} for one in sizes[:251]]}]},
    )

    assert whole["message"] == "The input array size of 2049 is greater than the maximum allowed of 2048."
    assert values["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"


REFUSALS: list[tuple[dict[str, Any], list[str], str]] = [
    ({"title": "x" * 256}, ["input", "title"], "INVALID_PRODUCT"),
    ({"vendor": "x" * 256}, ["input"], "INVALID_PRODUCT"),
    ({"id": "gid://shopify/Product/404"}, ["input", "id"], "PRODUCT_DOES_NOT_EXIST"),
    ({"variants": [variant("S"), variant("S")]}, ["input", "variants", "1"], "INVALID_VARIANT"),
    (
        {"variants": [variant("S", inventoryItem={"cost": "-1"})]},
        ["input", "variants", "0", "inventoryItem", "cost"],
        "INVALID_VARIANT",
    ),
    (
        {"productOptions": [{"name": "A / B", "values": [{"name": "S"}]}]},
        ["input", "productOptions", "0", "name"],
        "INVALID_INPUT",
    ),
    (
        {"variants": [variant("S", inventoryItem={"cost": "1000000000000000000"})]},
        ["input", "variants", "0", "inventoryItem", "cost"],
        "INVALID_VARIANT",
    ),
]


@pytest.mark.parametrize(("fields", "path", "code"), REFUSALS)
def test_a_refusal_has_the_path_and_words_of_a_real_shop(
    shop: Shop, fields: dict[str, Any], path: list[str], code: str
) -> None:
    given = sized("S", **fields)

    errors = refused(shop, given)

    assert [(one["field"], one["code"]) for one in errors[:1]] == [(path, code)]
    known = [one for one in errors if heard("productSet", _general(one))]
    assert known == errors


def _general(error: dict[str, Any]) -> dict[str, Any]:
    """A variant's name in a recorded message is the recording's own."""
    return {**error, "message": error["message"].replace("'S'", "'S / Red'")}


def test_other_refusals_have_the_codes_of_the_schema(shop: Shop) -> None:
    product = put(shop, sized("S", handle="taken"))
    red = [{"optionName": "Colour", "name": "Red"}]
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({"title": "New", "handle": "Taken "}, {}, "HANDLE_NOT_UNIQUE"),
        ({"title": "New", "id": product["id"]}, {"id": product["id"]}, "ID_NOT_ALLOWED"),
        ({"title": "New", "variants": [variant("S")]}, {}, "PRODUCT_OPTIONS_INPUT_MISSING"),
        (
            {"productOptions": [{"name": "Size", "values": [{"name": "S"}]}]},
            {"id": product["id"]},
            "VARIANTS_INPUT_MISSING",
        ),
        (sized("S", variants=[{"optionValues": red}]), {}, "OPTION_DOES_NOT_EXIST"),
        (sized("S", variants=[variant("M")]), {}, "OPTION_VALUE_DOES_NOT_EXIST"),
        (
            sized("S", variants=[{**variant("S"), "id": "gid://shopify/ProductVariant/404"}]),
            {},
            "PRODUCT_VARIANT_DOES_NOT_EXIST",
        ),
        (sized("S", "S"), {}, "DUPLICATED_OPTION_VALUE"),
        (
            sized("S", productOptions=[{"name": f"O{n}", "values": [{"name": "x"}]} for n in range(4)]),
            {},
            "OPTIONS_OVER_LIMIT",
        ),
        (
            sized("S", metafields=[{"namespace": "erp", "key": "n", "type": "number_integer", "value": "x"}]),
            {},
            "INVALID_METAFIELD",
        ),
        (sized("S"), {"customId": {"namespace": "erp", "key": "code", "value": "8"}}, "METAFIELD_MISMATCH"),
        (sized("S", handle="other"), {"handle": "unknown"}, "INPUT_MISMATCH"),
        (sized("S", files=[{"originalSource": "picture.jpg"}]), {}, "INVALID_INPUT"),
    ]

    told = [refused(shop, given, **identifier)[0]["code"] for given, identifier, _ in cases]

    assert told == [code for _, _, code in cases]


def test_writing_products_needs_the_scope() -> None:
    shop = Shop(scopes=frozenset({"read_products"}))

    error = shop.refusal(
        "mutation S($input: ProductSetInput!) { productSet(input: $input) { product { id } } }", input={"title": "x"}
    )

    assert error["extensions"]["code"] == "ACCESS_DENIED"


def test_products_and_work_under_way_survive_a_restart(tmp_path: Path) -> None:
    shop = Shop(state_file=tmp_path / "shop.db")
    product = put(shop, sized("S", "M"))
    later = shop.ask(SET, input=sized("S", title="Later"), now=False)["productSetOperation"]
    shop.state.close()

    again = Shop(state_file=tmp_path / "shop.db")
    again.later(minutes=1)

    assert isinstance(again.stand_in, StandIn)
    assert put(again, sized("S", "M"), handle="field-jacket") == product
    found = again.ask('{ productVariants(first: 5, query: "sku:fj-m") { nodes { sku product { id } } } }')
    assert found["nodes"] == [{"sku": "FJ-M", "product": {"id": product["id"]}}]
    assert again.record(later["id"])["status"] == "COMPLETE"
