"""A shop filled from the catalogue: what a middleware finds when it looks for the first time."""

from __future__ import annotations

from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.stock import quantity
from tests.sandbox.shopify.asking import NORTH, Shop


def test_the_seeded_shop_has_the_catalogues_places_goods_and_people(shop: Shop) -> None:
    catalogue = load_catalogue()
    counts = shop.ask(
        "{ locationsCount { count } productsCount { count } productVariantsCount { count } customersCount { count } }"
    )

    assert {name: value["count"] for name, value in counts.items()} == {
        "locationsCount": len(catalogue.locations_of("north")),
        "productsCount": len(catalogue.products),
        "productVariantsCount": len(catalogue.variants),
        "customersCount": len(catalogue.customers_of("north")),
    }
    kinds = [place.kind for place in catalogue.locations_of("north")]
    assert (kinds.count("dc"), kinds.count("store")) == (3, 20)


def test_opening_stock_is_on_hand_and_available_where_the_catalogue_says(shop: Shop) -> None:
    lines = [line for line in load_catalogue().stock_lines if line.shop == "north"]
    levels = shop.state.all(NORTH, "InventoryLevel")

    assert len(levels) == len(lines)
    assert sum(quantity(level, "on_hand") for level in levels) == sum(line.quantity for line in lines)


def test_a_variant_shows_its_price_barcode_and_stock(shop: Shop) -> None:
    sku = shop.stocked_sku()
    product, variant = load_catalogue().variants[sku]
    read = """query Q($query: String) { productVariants(first: 1, query: $query) { nodes {
      sku barcode price inventoryQuantity product { title }
      inventoryItem { tracked measurement { weight { unit value } } } } } }"""

    [found] = shop.ask(read, query=f"sku:{sku}")["nodes"]

    assert (found["sku"], found["barcode"]) == (sku, variant.gtin)
    assert found["price"] == str(variant.prices["USD"])
    assert found["product"] == {"title": product.title}
    assert found["inventoryQuantity"] > 0
    assert found["inventoryItem"]["measurement"]["weight"] == {"unit": "GRAMS", "value": float(variant.grams)}


def test_seeding_is_no_news(shop: Shop) -> None:
    assert shop.topics() == []


def test_a_shop_the_catalogue_does_not_know_is_empty(shop: Shop) -> None:
    other = Shop(shop="demo.myshopify.com")

    assert other.ask("{ productsCount { count } }") == {"count": 0}
    assert other.ask("{ shop { myshopifyDomain plan { shopifyPlus } } }")["myshopifyDomain"] == "demo.myshopify.com"
