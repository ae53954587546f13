"""Products, variants and options by their own mutations: what each does, and how a real shop refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify.asking import NORTH, Shop
from tests.sandbox.shopify.product_asking import big_shop, heard, put, sized, skus, variant

CREATE = """mutation C($product: ProductCreateInput!, $media: [CreateMediaInput!]) {
  productCreate(product: $product, media: $media) {
    product { id status variants(first: 5) { nodes { id title inventoryItem { tracked } } } options { name values } }
    shop { id }
    userErrors { field message }
  }
}"""
UPDATE = """mutation U($product: ProductUpdateInput!) {
  productUpdate(product: $product) { product { title handle tags updatedAt } userErrors { field message } }
}"""
DELETE = """mutation D($id: ID!, $now: Boolean = true) {
  productDelete(input: {id: $id}, synchronous: $now) {
    deletedProductId productDeleteOperation { id status } userErrors { field message }
  }
}"""
BULK_CREATE = """mutation C($id: ID!, $rows: [ProductVariantsBulkInput!]!) {
  productVariantsBulkCreate(productId: $id, variants: $rows) {
    productVariants { id sku title price inventoryQuantity } userErrors { field message code }
  }
}"""
BULK_UPDATE = """mutation U($id: ID!, $rows: [ProductVariantsBulkInput!]!, $partial: Boolean = false) {
  productVariantsBulkUpdate(productId: $id, variants: $rows, allowPartialUpdates: $partial) {
    productVariants { id sku price compareAtPrice } userErrors { field message code }
  }
}"""
BULK_DELETE = """mutation D($id: ID!, $gone: [ID!]!) {
  productVariantsBulkDelete(productId: $id, variantsIds: $gone) { product { id } userErrors { field message code } }
}"""
REORDER = """mutation R($id: ID!, $positions: [ProductVariantPositionInput!]!) {
  productVariantsBulkReorder(productId: $id, positions: $positions) {
    product { variants(first: 9) { nodes { sku position } } } userErrors { field message code }
  }
}"""
OPTIONS = """mutation O($id: ID!, $options: [OptionCreateInput!]!, $how: ProductOptionCreateVariantStrategy) {
  productOptionsCreate(productId: $id, options: $options, variantStrategy: $how) {
    product { options { id name values } variants(first: 20) { nodes { title } } } userErrors { field message code }
  }
}"""
OPTION = """mutation O($id: ID!, $option: OptionUpdateInput!, $rename: [OptionValueUpdateInput!], $gone: [ID!],
  $how: ProductOptionUpdateVariantStrategy) {
  productOptionUpdate(productId: $id, option: $option, optionValuesToUpdate: $rename, optionValuesToDelete: $gone,
    variantStrategy: $how) {
    product { options { name values optionValues { id name } } variants(first: 9) { nodes { sku title } } }
    userErrors { field message code }
  }
}"""
UNKNOWN = "gid://shopify/Product/404"


@pytest.fixture
def shop() -> Shop:
    return big_shop()


def size(name: str, **fields: Any) -> dict[str, Any]:
    """A size as the bulk mutations take it: its SKU is the item's."""
    chosen = [{"optionName": "Size", "name": name}]
    return {"optionValues": chosen, "inventoryItem": {"sku": f"FJ-{name}"}, "price": "89.00", **fields}


def test_a_product_begins_with_one_untracked_variant_and_is_published_nowhere(shop: Shop) -> None:
    colours = {"name": "Colour", "values": [{"name": "Navy"}, {"name": "Sand"}]}
    made = shop.ask(CREATE, product={"title": "Rain hat", "status": "DRAFT", "productOptions": [colours]})["product"]

    read = shop.ask(
        "query($id: ID!) { product(id: $id) { publishedAt resourcePublicationsCount { count } } }", id=made["id"]
    )

    assert made["variants"]["nodes"][0]["title"] == "Navy"
    assert made["variants"]["nodes"][0]["inventoryItem"]["tracked"] is False
    assert made["options"] == [{"name": "Colour", "values": ["Navy"]}]
    assert read == {"publishedAt": None, "resourcePublicationsCount": {"count": 0}}


def test_an_update_is_news_only_when_something_is_new(shop: Shop) -> None:
    product = put(shop, sized("S"))
    shop.later(minutes=1)
    first = shop.ask(UPDATE, product={"id": product["id"], "title": "Coat", "tags": ["b", "a", "B"]})["product"]
    news = shop.topics().count("products/update")

    shop.later(minutes=1)
    second = shop.ask(UPDATE, product={"id": product["id"], "title": "Coat", "tags": ["a", "b"]})["product"]

    assert (first["title"], first["handle"], first["tags"]) == ("Coat", "field-jacket", ["a", "b"])
    assert second == first
    assert (news, shop.topics().count("products/update")) == (1, 1)


@pytest.mark.parametrize("now", [True, False])
def test_a_deleted_product_is_gone_with_all_that_was_its_own(shop: Shop, now: bool) -> None:
    kinds = ("Product", "ProductVariant", "InventoryItem", "InventoryLevel", "Metafield")
    before = {kind: len(shop.state.all(NORTH, kind)) for kind in kinds}
    row = {"namespace": "erp", "key": "code", "type": "single_line_text_field", "value": "7"}
    product = put(shop, sized("S", "M", metafields=[row]))

    answer = shop.ask(DELETE, id=product["id"], now=now)
    shop.later(seconds=2)

    assert answer["deletedProductId"] == (product["id"] if now else None)
    assert {kind: len(shop.state.all(NORTH, kind)) for kind in kinds} == before
    assert shop.topics()[-1] == "products/delete"
    assert shop.ask('{ productVariants(first: 1, query: "sku:FJ-S") { nodes { id } } }')["nodes"] == []


def test_new_variants_take_the_place_of_the_default_one(shop: Shop) -> None:
    product = put(shop, {"title": "Umbrella"})
    place = shop.state.all(NORTH, "Location")[1]["id"]
    row = {"optionValues": [{"optionName": "Title", "name": "Large"}], "inventoryItem": {"sku": "U-L", "tracked": True}}
    rows = [{**row, "price": "19.9", "inventoryQuantities": [{"locationId": place, "availableQuantity": 4}]}]

    made = shop.ask(BULK_CREATE, id=product["id"], rows=rows)

    assert made["userErrors"] == []
    assert [(one["sku"], one["title"], one["price"], one["inventoryQuantity"]) for one in made["productVariants"]] == [
        ("U-L", "Large", "19.90", 4)
    ]
    assert len(shop.record(product["id"])["variants"]) == 1


def test_variants_are_changed_all_or_none_or_those_that_can_be(shop: Shop) -> None:
    product = put(shop, sized("S", "M"))
    small, medium = (one["id"] for one in product["variants"]["nodes"])
    rows = [{"id": small, "price": "70", "compareAtPrice": "89"}, {"id": medium, "price": "-1"}]

    none = shop.ask(BULK_UPDATE, id=product["id"], rows=rows)
    untouched = shop.record(small)["price"]
    some = shop.ask(BULK_UPDATE, id=product["id"], rows=rows, partial=True)

    assert (none["productVariants"], untouched) == (None, "89.00")
    assert [error["field"] for error in none["userErrors"]] == [["variants", "1", "price"]]
    assert some["productVariants"] == [{"id": small, "sku": "FJ-S", "price": "70.00", "compareAtPrice": "89.00"}]
    assert some["userErrors"] == none["userErrors"]


def test_a_changed_sku_is_found_under_its_new_name_only(shop: Shop) -> None:
    product = put(shop, sized("S"))
    [row] = product["variants"]["nodes"]
    find = "query($q: String!) { productVariants(first: 3, query: $q) { nodes { id } } }"

    shop.ask(
        BULK_UPDATE,
        id=product["id"],
        rows=[{"id": row["id"], "barcode": "4006381333931", "inventoryItem": {"sku": "New-1"}}],
    )

    assert shop.ask(find, q="sku:FJ-S")["nodes"] == []
    for query in (
        "sku:new-1",
        'sku:"New-1"',
        "barcode:4006381333931",
        "sku:nothing OR sku:NEW-1",
        f"id:{row['id'].split('/')[-1]}",
    ):
        assert shop.ask(find, q=query)["nodes"] == [{"id": row["id"]}], query
    products = shop.ask('{ products(first: 3, query: "sku:New-1") { nodes { id } } }')["nodes"]
    assert products == [{"id": product["id"]}]


def test_variants_move_and_go(shop: Shop) -> None:
    product = put(shop, sized("S", "M", "L"))
    small, medium, large = (one["id"] for one in product["variants"]["nodes"])

    moved = shop.ask(REORDER, id=product["id"], positions=[{"id": large, "position": 1}])
    shop.ask(BULK_DELETE, id=product["id"], gone=[medium])
    last = shop.ask(BULK_DELETE, id=product["id"], gone=[small, large])

    assert [one["sku"] for one in moved["product"]["variants"]["nodes"]] == ["FJ-L", "FJ-S", "FJ-M"]
    assert [one["id"] for one in shop.record(product["id"])["variants"]] == [large, small]
    assert last["userErrors"][0]["code"] == "CANNOT_DELETE_LAST_VARIANT"


def test_options_are_added_to_variants_and_multiply_them_when_asked(shop: Shop) -> None:
    product = put(shop, sized("S", "M"))
    fit = {"name": "Fit", "values": [{"name": "Slim"}, {"name": "Wide"}]}

    kept = shop.ask(OPTIONS, id=product["id"], options=[fit])["product"]
    fabric = {"name": "Fabric", "values": [{"name": "Wool"}, {"name": "Cotton"}]}
    spread = shop.ask(OPTIONS, id=product["id"], options=[fabric], how="CREATE")["product"]

    assert [one["title"] for one in kept["variants"]["nodes"]] == ["S / Slim", "M / Slim"]
    assert [one["values"] for one in kept["options"]] == [["S", "M"], ["Slim"]]
    assert [one["title"] for one in spread["variants"]["nodes"]] == [
        "S / Slim / Wool",
        "M / Slim / Wool",
        "S / Slim / Cotton",
        "M / Slim / Cotton",
    ]


def test_an_option_is_renamed_with_its_values_and_its_variants_follow(shop: Shop) -> None:
    product = put(shop, sized("S", "M"))
    option = shop.record(product["id"])["options"][0]
    small, medium = (one["id"] for one in option["optionValues"])

    renamed = shop.ask(
        OPTION, id=product["id"], option={"id": option["id"], "name": "Cut"}, rename=[{"id": small, "name": "Small"}]
    )
    refused = shop.ask(OPTION, id=product["id"], option={"id": option["id"]}, gone=[medium])
    managed = shop.ask(OPTION, id=product["id"], option={"id": option["id"]}, gone=[medium], how="MANAGE")

    assert renamed["product"]["options"][0]["name"] == "Cut"
    assert renamed["product"]["variants"]["nodes"] == [{"sku": "FJ-S", "title": "Small"}, {"sku": "FJ-M", "title": "M"}]
    assert refused["userErrors"][0]["code"] == "OPTION_VALUE_HAS_VARIANTS"
    assert managed["product"]["variants"]["nodes"] == [{"sku": "FJ-S", "title": "Small"}]


def test_options_change_places_and_go(shop: Shop) -> None:
    product = put(shop, sized("S"))
    shop.ask(OPTIONS, id=product["id"], options=[{"name": "Fit", "values": [{"name": "Slim"}]}])
    fit = shop.record(product["id"])["options"][1]["id"]
    order = """mutation($id: ID!) { productOptionsReorder(productId: $id, options: [{name: "Fit"}, {name: "Size"}]) {
      product { options { name position } variants(first: 2) { nodes { title } } } userErrors { code } } }"""
    drop = """mutation($id: ID!, $gone: [ID!]!) { productOptionsDelete(productId: $id, options: $gone) {
      deletedOptionsIds product { options { name } variants(first: 2) { nodes { title } } } userErrors { code } } }"""

    turned = shop.ask(order, id=product["id"])["product"]
    dropped = shop.ask(drop, id=product["id"], gone=[fit])

    assert turned["options"] == [{"name": "Fit", "position": 1}, {"name": "Size", "position": 2}]
    assert turned["variants"]["nodes"] == [{"title": "Slim / S"}]
    assert dropped["deletedOptionsIds"] == [fit]
    assert dropped["product"]["variants"]["nodes"] == [{"title": "S"}]


@pytest.mark.parametrize(
    ("root", "document", "variables"),
    [
        ("productCreate", CREATE, {"product": {"title": " "}}),
        ("productCreate", CREATE, {"product": {"title": "x" * 256}}),
        ("productCreate", CREATE, {"product": {"title": "New", "vendor": "x" * 256}}),
        ("productCreate", CREATE, {"product": {"title": "New", "productType": "x" * 256}}),
        (
            "productCreate",
            CREATE,
            {"product": {"title": "N", "productOptions": [{"name": "A / B", "values": [{"name": "1"}]}]}},
        ),
        (
            "productCreate",
            CREATE,
            {"product": {"title": "N"}, "media": [{"mediaContentType": "IMAGE", "originalSource": "x"}]},
        ),
        ("productUpdate", UPDATE, {"product": {"id": UNKNOWN}}),
        ("productUpdate", UPDATE, {"product": {"id": "{product}", "title": ""}}),
        ("productDelete", DELETE, {"id": UNKNOWN}),
        ("productVariantsBulkCreate", BULK_CREATE, {"id": UNKNOWN, "rows": []}),
        (
            "productVariantsBulkCreate",
            BULK_CREATE,
            {"id": "{product}", "rows": [{"optionValues": [{"optionName": "Sort", "name": "1"}]}]},
        ),
        ("productVariantsBulkCreate", BULK_CREATE, {"id": "{product}", "rows": [{"price": "1"}]}),
        ("productVariantsBulkUpdate", BULK_UPDATE, {"id": UNKNOWN, "rows": []}),
        ("productVariantsBulkUpdate", BULK_UPDATE, {"id": "{product}", "rows": [{"price": "1"}]}),
        (
            "productVariantsBulkUpdate",
            BULK_UPDATE,
            {"id": "{product}", "rows": [{"id": "gid://shopify/ProductVariant/404"}]},
        ),
        (
            "productVariantsBulkUpdate",
            BULK_UPDATE,
            {
                "id": "{product}",
                "rows": [
                    {"id": "{variant}", "inventoryQuantities": [{"locationId": "{location}", "availableQuantity": 1}]}
                ],
            },
        ),
        ("productVariantsBulkUpdate", BULK_UPDATE, {"id": "{product}", "rows": [{"id": "{variant}", "price": "-1"}]}),
        (
            "productVariantsBulkUpdate",
            BULK_UPDATE,
            {"id": "{product}", "rows": [{"id": "{variant}", "inventoryItem": {"cost": "-1"}}]},
        ),
        (
            "productVariantsBulkUpdate",
            BULK_UPDATE,
            {"id": "{product}", "rows": [{"id": "{variant}", "optionValues": [{"optionName": "Sort", "name": "1"}]}]},
        ),
        ("productVariantsBulkDelete", BULK_DELETE, {"id": UNKNOWN, "gone": []}),
        ("productVariantsBulkDelete", BULK_DELETE, {"id": "{product}", "gone": ["gid://shopify/ProductVariant/404"]}),
        ("productVariantsBulkReorder", REORDER, {"id": UNKNOWN, "positions": []}),
        ("productVariantsBulkReorder", REORDER, {"id": "{product}", "positions": [{"id": "{variant}", "position": 0}]}),
        (
            "productVariantsBulkReorder",
            REORDER,
            {"id": "{product}", "positions": [{"id": "{variant}", "position": 1}] * 2},
        ),
        ("productOptionsCreate", OPTIONS, {"id": UNKNOWN, "options": []}),
        ("productOptionsCreate", OPTIONS, {"id": "{product}", "options": [{"name": "Color"}]}),
        (
            "productOptionsCreate",
            OPTIONS,
            {"id": "{product}", "options": [{"name": f"O{n}", "values": [{"name": "1"}]} for n in range(3)]},
        ),
        ("productOptionUpdate", OPTION, {"id": "{product}", "option": {"id": "gid://shopify/ProductOption/404"}}),
        ("productOptionUpdate", OPTION, {"id": "{product}", "option": {"id": "{option}", "name": "A / B"}}),
    ],
)
def test_a_refusal_has_the_path_and_words_of_a_real_shop(
    shop: Shop, root: str, document: str, variables: dict[str, Any]
) -> None:
    product = put(shop, sized("S", "M"))
    kept = shop.record(product["id"])
    ids = {
        "{product}": product["id"],
        "{variant}": product["variants"]["nodes"][0]["id"],
        "{option}": kept["options"][0]["id"],
    }
    ids["{location}"] = shop.state.all(NORTH, "Location")[0]["id"]

    errors = shop.ask(document, **_filled(variables, ids))["userErrors"]

    assert errors
    assert [one for one in errors if not heard(root, one)] == []
    assert shop.record(product["id"]) == kept
    assert skus(product) == ["FJ-S", "FJ-M"]


def _filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one, ids) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, ids) for one in value]
    return ids.get(value, value) if isinstance(value, str) else value


def test_a_taken_handle_is_refused_as_it_was_written(shop: Shop) -> None:
    put(shop, sized("S"))

    refused = shop.ask(CREATE, product={"title": "Other", "handle": "  FIELD-jacket "})["userErrors"]

    words = "Handle '  FIELD-jacket ' already in use. Please provide a new handle."
    assert refused == [{"field": ["input", "handle"], "message": words}]


def test_a_missing_or_doubled_option_value_is_named(shop: Shop) -> None:
    product = put(shop, sized("S"))
    twice = size("M")
    twice["optionValues"] *= 2

    told = shop.ask(BULK_CREATE, id=product["id"], rows=[{"price": "1"}, twice, size("S")])["userErrors"]

    assert [(one["field"], one["message"], one["code"]) for one in told] == [
        (["variants", "0"], "You need to add option values for Size", "NEED_TO_ADD_OPTION_VALUES"),
        (["variants", "1", "optionValues"], "Duplicated option name 'Size'", "INVALID_INPUT"),
        (
            ["variants", "2"],
            "The variant 'S' already exists. Please change at least one option value.",
            "VARIANT_ALREADY_EXISTS",
        ),
    ]


def test_stock_of_a_variant_is_adjusted_only_from_what_it_was(shop: Shop) -> None:
    place = shop.state.all(NORTH, "Location")[0]["id"]
    stocked = {"locationId": place, "name": "available", "quantity": 5}
    product = put(
        shop, sized("S", variants=[variant("S", inventoryItem={"tracked": True}, inventoryQuantities=[stocked])])
    )
    row_id = product["variants"]["nodes"][0]["id"]

    def adjust(seen: int) -> Any:
        change = {"locationId": place, "adjustment": -2, "changeFromQuantity": seen}
        return shop.ask(BULK_UPDATE, id=product["id"], rows=[{"id": row_id, "quantityAdjustments": [change]}])[
            "userErrors"
        ]

    assert adjust(5) == []
    assert adjust(5)[0]["field"] == ["variants", "0", "quantityAdjustments", "0", "changeFromQuantity"]
    read = shop.ask("query($id: ID!) { productVariant(id: $id) { inventoryQuantity } }", id=row_id)
    assert read == {"inventoryQuantity": 3}
