"""The body of products/*: the first 100 variants in full, the others only by their gids; pictures and stock."""

from __future__ import annotations

from typing import Any

from deployments.sandbox.shopify.webhooks.bodies import write_body
from deployments.sandbox.shopify.webhooks.rest import Source
from tests.sandbox.shopify.asking import NORTH, Shop
from tests.sandbox.shopify.product_asking import big_shop, put, sized, variant


def news_of(shop: Shop, topic: str) -> dict[str, Any]:
    """The body of the last news of a topic."""
    change = next(one for one in reversed(shop.changes) if topic in one.topics)
    body = write_body(topic, change.record, Source(shop.state, NORTH))
    assert body is not None
    return body


def test_from_the_101st_on_variants_are_only_named() -> None:
    shop = big_shop()
    sizes = [f"{size:03}" for size in range(120)]
    product = put(shop, sized(*sizes))

    body = news_of(shop, "products/create")

    assert (len(body["variants"]), len(body["variant_gids"])) == (100, 120)
    assert body["variants"][99]["sku"] == "FJ-099"
    assert body["variant_gids"][119]["admin_graphql_api_id"] == shop.record(product["id"])["variants"][119]["id"]
    assert body["options"][0]["values"] == sizes


def test_a_body_carries_pictures_prices_and_what_may_be_sold() -> None:
    shop = big_shop()
    place = shop.state.all(NORTH, "Location")[0]["id"]
    stocked = {
        "inventoryItem": {"tracked": True},
        "inventoryQuantities": [{"locationId": place, "name": "available", "quantity": 6}],
    }
    picture = {"originalSource": "https://cdn.example.com/front.jpg", "alt": "Front"}
    product = put(shop, sized("S", variants=[variant("S", compareAtPrice="99", **stocked)], files=[picture]))

    put(shop, {"status": "ARCHIVED"}, id=product["id"])
    body = news_of(shop, "products/update")

    [row] = body["variants"]
    assert (row["price"], row["compare_at_price"], row["option1"], row["inventory_quantity"]) == (
        "89.00",
        "99.00",
        "S",
        6,
    )
    assert [one["src"] for one in body["images"]] == ["https://cdn.example.com/front.jpg"]
    assert body["image"] == body["images"][0]
    assert (body["status"], body["published_at"], body["media"][0]["media_content_type"]) == ("archived", None, "IMAGE")


def test_a_deleted_products_body_is_its_id() -> None:
    shop = big_shop()
    product = put(shop, sized("S"))

    shop.ask("mutation($id: ID!) { productDelete(input: {id: $id}) { deletedProductId } }", id=product["id"])

    assert news_of(shop, "products/delete") == {"id": int(product["id"].rsplit("/", 1)[-1])}
