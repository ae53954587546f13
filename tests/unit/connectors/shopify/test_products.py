"""Products of a shop: what is sent, what is kept, and what the stand-in cannot be made to say."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from canonical.errors import ConflictError, RejectedError, RetryableError
from canonical.outcomes import Failed, Settled
from canonical.ports import ProductChannel
from canonical.product import Image, Metafield, Option, ProductChange, Variant, Weight
from connectors.shopify.product_mapper import channel_product
from connectors.shopify.product_mapper_input import Context, file_stem, pairs, product_input
from connectors.shopify.products_errors import product_error
from connectors.shopify.products_grouping import products_of
from connectors.shopify.products_state import ProductState, VariantState
from tests.contract.channel.products import OWNED, change, product, variant
from tests.unit.connectors.shopify.scripted import ScriptedShop, answer


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_seconds: float) -> None:
        """Do not wait."""

    for module in ("products_writing", "bulk"):
        monkeypatch.setattr(f"connectors.shopify.{module}.sleep", at_once)


def there(number: int, sku: str | None, **options: str) -> VariantState:
    return VariantState(str(number), str(number + 100), sku, options)


def state(*variants: VariantState, **fields: Any) -> ProductState:
    return ProductState(id="7", handle="parka", options=("Size",), variants=variants, **fields)


def sent(wanted: ProductChange, found: ProductState | None = None) -> dict[str, Any]:
    return product_input(wanted, Context(found, "USD"))


def test_it_is_a_product_channel() -> None:
    assert isinstance(ScriptedShop().products(), ProductChannel)


def test_only_what_is_ours_is_sent() -> None:
    wanted = product("P", tags=("a",), metafields=(Metafield(namespace="n", key="k", type="t", value="v"),))
    given = sent(change(wanted, {"title", "variants.price"}), state(there(1, "P-S", Size="S")))
    assert set(given) == {"title", "variants"}
    assert given["variants"] == [
        {
            "id": "gid://shopify/ProductVariant/1",
            "optionValues": [{"optionName": "Size", "name": "S"}],
            "price": "20.00",
        }
    ]
    assert "variants" not in sent(change(wanted, {"title"}), state(there(1, "P-S", Size="S")))


def test_a_product_to_be_made_carries_our_key_and_is_found_by_it() -> None:
    given = sent(change(product("P")))
    assert given["metafields"] == [{"namespace": "crossdock", "key": "source_key", "type": "id", "value": "P"}]
    assert "metafields" not in sent(change(product("P")), state())


def test_variants_are_matched_by_id_then_sku_then_option_values() -> None:
    wanted = product("P", [variant("A", "S"), variant("B", "M"), variant("C", "L"), variant("D", "XL")])
    found = state(there(1, "B", Size="S"), there(2, "B", Size="M"), there(3, "old", Size="L"), there(4, None, Size="T"))
    twins = [twin.id if twin else None for _, twin in pairs(change(wanted, variant_ids={"A": "1"}), found)]
    assert twins == ["1", "2", "3", None]


def test_a_variant_nobody_told_us_of_is_named_so_that_it_stays() -> None:
    found = state(there(1, "P-S", Size="S"), there(2, "P-L", Size="L"), there(9, "shop-made", Size="Giant"))
    given = sent(change(product("P")), found)
    assert {row.get("id", "new").rpartition("/")[2] for row in given["variants"]} == {"1", "2", "9"}
    assert [value["name"] for value in given["productOptions"][0]["values"]] == ["S", "L", "Giant"]


def test_one_of_ours_that_its_source_dropped_is_left_out() -> None:
    found = state(there(1, "P-S", Size="S"), there(2, "P-L", Size="L"), there(3, "P-M", Size="M"))
    given = sent(change(product("P"), variant_ids={"P-M": "3"}), found)
    assert "gid://shopify/ProductVariant/3" not in {row.get("id") for row in given["variants"]}


def test_options_that_a_strange_variant_does_not_fit_are_refused() -> None:
    with pytest.raises(RejectedError) as caught:
        sent(change(product("P")), state(there(9, "shop-made", Colour="red")))
    assert (caught.value.document, caught.value.field, caught.value.code) == ("P", "options", "unknown_variants")


@pytest.mark.parametrize(
    ("variants", "code"),
    [
        ([Variant(id="1", sku="1", options=dict.fromkeys("ABCD", "x"))], "options_over_limit"),
        ([variant("1", "S"), Variant(id="2", sku="2", options={"Colour": "red"})], "options_inconsistent"),
        ([variant(str(n)) for n in range(2049)], "variants_over_limit"),
    ],
)
def test_what_no_product_can_have_is_refused_before_it_is_sent(variants: list[Variant], code: str) -> None:
    wanted = product("P", []).model_copy(update={"variants": tuple(variants)})
    with pytest.raises(RejectedError) as caught:
        sent(change(wanted))
    assert caught.value.code == code


def test_a_variant_alone_has_the_option_of_shopify() -> None:
    given = sent(change(product("P", [variant("P")])))
    assert given["productOptions"] == [{"name": "Title", "values": [{"name": "Default Title"}]}]
    assert given["variants"][0]["optionValues"] == [{"optionName": "Title", "name": "Default Title"}]


def test_a_picture_the_shop_has_already_is_named_by_its_id() -> None:
    old, new = Image(url="https://x.example/a.png", digest="d1"), Image(url="https://x.example/b?size=2", alt="back")
    found = state(media={"gid://shopify/MediaImage/5": f"{file_stem(old)}.png"})
    given = sent(change(product("P", images=(new, old)), {"images"}), found)
    assert given["files"] == [
        {"originalSource": new.url, "contentType": "IMAGE", "alt": "back"},
        {"id": "gid://shopify/MediaImage/5", "alt": ""},
    ]


def test_a_picture_that_shopify_cannot_fetch_is_refused() -> None:
    with pytest.raises(RejectedError) as caught:
        sent(change(product("P", images=(Image(url="file:///etc/passwd"),)), {"images"}))
    assert (caught.value.field, caught.value.code) == ("images", "image_unreachable")


def node(**fields: Any) -> dict[str, Any]:
    """A product as the mapper takes it."""
    item = {
        "id": "gid://shopify/InventoryItem/3",
        "tracked": True,
        "harmonizedSystemCode": None,
        "countryCodeOfOrigin": "PT",
        "measurement": {"weight": {"value": 0.35, "unit": "KILOGRAMS"}},
    }
    row = {
        "id": "gid://shopify/ProductVariant/2",
        "sku": "A",
        "barcode": "",
        "price": "20.00",
        "compareAtPrice": None,
        "selectedOptions": [{"name": "Title", "value": "Default Title"}],
        "inventoryItem": item,
    }
    whole = {
        "id": "gid://shopify/Product/1",
        "title": "Parka",
        "handle": "parka",
        "vendor": "",
        "productType": "",
        "descriptionHtml": "",
        "status": "ACTIVE",
        "tags": [],
        "seo": {"title": None, "description": None},
        "options": [{"name": "Title", "optionValues": [{"name": "Default Title"}]}],
        "variants": [row, {**row, "id": "gid://shopify/ProductVariant/4"}, {**row, "sku": None}],
        "metafields": [],
        "media": [{"id": "gid://shopify/Video/1", "alt": None}],
        "collections": [],
    }
    return whole | fields


def test_what_shopify_writes_for_nothing_is_nothing() -> None:
    found = channel_product(node(), "USD").product
    assert (found.vendor, found.description_html, found.options, found.images) == (None, None, (), ())
    assert found.variants[0].options == {}
    assert found.variants[0].barcode is None


def test_a_weight_comes_in_grams_whatever_it_was_written_in() -> None:
    assert channel_product(node(), "USD").product.variants[0].weight == Weight(grams="350")


def test_doubled_and_missing_skus_are_told_but_the_first_one_counts() -> None:
    found = channel_product(node(), "USD")
    assert found.ref.variants == {"A": "2"}
    assert [row.sku for row in found.product.variants] == ["A", "A", None]


def test_options_of_a_product_are_kept_in_their_order() -> None:
    options = [{"name": "Size", "optionValues": [{"name": "S"}, {"name": "L"}]}]
    assert channel_product(node(options=options), "USD").product.options == (Option(name="Size", values=("S", "L")),)


async def test_rows_of_a_bulk_result_come_together_in_any_order() -> None:
    def child(kind: str, number: int, parent: int) -> dict[str, Any]:
        return {"id": f"gid://shopify/{kind}/{number}", "__parentId": f"gid://shopify/Product/{parent}"}

    async def rows() -> AsyncIterator[dict[str, Any]]:
        for row in (
            child("ProductVariant", 1, 2),
            {"id": "gid://shopify/Product/1"},
            child("MediaImage", 5, 2),
            child("Metafield", 6, 1),
            {"id": "gid://shopify/Product/2"},
            child("ProductVariant", 2, 2),
            child("Collection", 7, 2),
        ):
            yield row

    one, two = [found async for found in products_of(rows())]
    assert [row["id"][-1] for row in one["metafields"]] == ["6"]
    assert [row["id"][-1] for row in two["variants"]] == ["1", "2"]
    assert [[row["id"][-1] for row in two[name]] for name in ("media", "collections")] == [["5"], ["7"]]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (["input", "title"], "title"),
        (["input", "descriptionHtml"], "description_html"),
        (["input", "variants", "1", "price"], "variants[P-L].price"),
        (["input", "variants", "1", "inventoryItem", "harmonizedSystemCode"], "variants[P-L].customs_code"),
        (["input", "variants", "9"], "variants[9]"),
        (["input"], None),
    ],
)
def test_an_error_names_product_and_field_in_our_words(path: list[str], field: str | None) -> None:
    error = product_error(
        [{"field": path, "message": "no", "code": "INVALID_VARIANT"}], {}, change(product("P")), ["P-S", "P-L"]
    )
    assert (error.document, error.field) == ("P", field)


SHOP = {"shop": {"myshopifyDomain": "north.myshopify.com", "currencyCode": "USD"}}
MADE = {
    "productSet": {
        "product": {
            "id": "gid://shopify/Product/7",
            "handle": "parka",
            "variants": {
                "nodes": [
                    {"id": "gid://shopify/ProductVariant/1", "sku": "P", "inventoryItem": {"id": "gid://shopify/I/101"}}
                ],
                "pageInfo": {"hasNextPage": False},
            },
        },
        "productSetOperation": None,
        "userErrors": [],
    }
}


def making_shop() -> ScriptedShop:
    shop = ScriptedShop().on("CheckAccess", SHOP).on("FindOwnProduct", {"productByIdentifier": None})
    shop.on("DefineSourceKey", {"metafieldDefinitionCreate": {"userErrors": []}})
    return shop.on("SetProduct", MADE)


STATE_NODE = {
    "id": "gid://shopify/Product/7",
    "handle": "parka",
    "options": [{"name": "Title"}],
    "media": {"nodes": []},
    "resourcePublicationsV2": {"nodes": []},
    "variants": MADE["productSet"]["product"]["variants"],  # type: ignore[index]
}


async def test_after_a_lost_reply_the_product_is_looked_for_and_changed_instead_of_made_again() -> None:
    row = {**STATE_NODE["variants"]["nodes"][0], "selectedOptions": [{"name": "Title", "value": "Default Title"}]}  # type: ignore[index]
    whole = {**STATE_NODE, "variants": {"nodes": [row], "pageInfo": {"hasNextPage": False}}}
    found = {"productByIdentifier": {"id": "gid://shopify/Product/7"}}
    shop = making_shop().on("SetProduct", httpx.ReadError("cut"), MADE).on("ProductStates", {"nodes": [whole]})
    shop.on("FindOwnProduct", {"productByIdentifier": None}, found)
    (outcome,) = await shop.products().publish([change(product("P", [variant("P")]))])
    assert isinstance(outcome, Settled)
    first, second = shop.asked_for("SetProduct")
    assert first["identifier"] == {"customId": {"namespace": "crossdock", "key": "source_key", "value": "P"}}
    assert second["identifier"] == {"id": "gid://shopify/Product/7"}
    assert second["input"]["variants"][0]["id"] == "gid://shopify/ProductVariant/1"


async def test_when_the_shop_cannot_be_reached_the_rest_is_not_sent() -> None:
    shop = making_shop().on("SetProduct", httpx.ConnectError("no"))
    outcomes = await shop.products().publish([change(product(f"P{n}", [variant(f"P{n}")])) for n in range(20)])
    codes = {outcome.error.code for outcome in outcomes if isinstance(outcome, Failed)}
    assert codes == {"unreachable", "not_sent"}
    assert len(shop.asked_for("SetProduct")) < 20


async def test_a_refused_key_definition_stops_nothing() -> None:
    shop = making_shop().on("DefineSourceKey", answer(None, errors=[{"message": "no", "extensions": {"code": "X"}}]))
    (outcome,) = await shop.products().publish([change(product("P", [variant("P")]))])
    assert isinstance(outcome, Settled)


def bulk_shop(*lines: dict[str, Any], status: str = "COMPLETED") -> ScriptedShop:
    target = {
        "url": "https://files.example/",
        "resourceUrl": "https://files.example/",
        "parameters": [{"name": "key", "value": "tmp/lines.jsonl"}],
    }
    end = {
        "status": status,
        "errorCode": "TIMEOUT",
        "url": "https://files.example/1",
        "partialDataUrl": "https://f.example/2",
    }
    shop = making_shop().on("CreateUploads", {"stagedUploadsCreate": {"stagedTargets": [target], "userErrors": []}})
    started = {"bulkOperationRunMutation": {"bulkOperation": {"id": "gid://shopify/BulkOperation/1"}, "userErrors": []}}
    shop.on("StartBulkMutation", started).on("BulkOperation", {"bulkOperation": end})
    return shop.on("file", httpx.Response(201), httpx.Response(200, content=b"\n".join(map(orjson.dumps, lines))))


async def test_results_of_lines_are_told_by_their_number_and_a_silent_line_is_in_doubt() -> None:
    refused = {"product": None, "userErrors": [{"field": ["input", "title"], "message": "no", "code": "INVALID"}]}
    shop = bulk_shop(
        {"data": {"productSet": refused}, "__lineNumber": 2},
        {"data": MADE, "__lineNumber": 0},
        {"errors": [{"message": "broke", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], "__lineNumber": 3},
        status="FAILED",
    )
    wanted = [change(product(key, [variant(key)])) for key in ("P", "Q", "R", "S")]
    done, silent, wrong, broke = await shop.products().publish_many(wanted)
    assert isinstance(done, Settled)
    assert isinstance(silent, Failed)
    assert isinstance(silent.error, RetryableError)
    assert silent.error.maybe_applied
    assert isinstance(wrong, Failed)
    assert (wrong.error.document, wrong.error.field) == ("R", "title")
    assert isinstance(broke, Failed)
    assert isinstance(broke.error, RetryableError)
    (asked,) = shop.asked_for("StartBulkMutation")
    assert asked["path"] == "tmp/lines.jsonl"


async def test_a_product_gone_from_the_shop_is_a_conflict_and_is_not_sent() -> None:
    shop = making_shop().on("ProductStates", {"nodes": [None]})
    (outcome,) = await shop.products().publish([change(product("P"), product_id="7")])
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ConflictError)
    assert shop.asked_for("SetProduct") == []


def test_owned_fields_of_these_tests_are_fields_of_products() -> None:
    from canonical.product_fields import product_fields

    assert set(OWNED) <= set(product_fields())
