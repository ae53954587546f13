"""Where an item is stocked, what it is described as, and what a location lists."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.seed_goods import Goods, add_goods
from deployments.sandbox.shopify.stock import remove_item
from tests.sandbox.shopify.asking import Shop
from tests.sandbox.shopify.stocking import Shelf, codes

ACTIVATE = """mutation A($item: ID!, $location: ID!, $available: Int, $onHand: Int, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available, onHand: $onHand)
    @idempotent(key: $key) { inventoryLevel { id isActive } userErrors { field message } }
}"""
DEACTIVATE = "mutation D($id: ID!) { inventoryDeactivate(inventoryLevelId: $id) { userErrors { field message } } }"
TOGGLE = """mutation T($item: ID!, $updates: [InventoryBulkToggleActivationInput!]!) {
  inventoryBulkToggleActivation(inventoryItemId: $item, inventoryItemUpdates: $updates) {
    inventoryLevels { id isActive } userErrors { code field message }
  }
}"""
UPDATE = """mutation U($id: ID!, $input: InventoryItemInput!) {
  inventoryItemUpdate(id: $id, input: $input) {
    inventoryItem { sku unitCost { amount currencyCode } harmonizedSystemCode measurement { weight { unit value } } }
    userErrors { field message }
  }
}"""
WALK = """query W($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  location(id: $id) { inventoryLevels(first: $first, after: $after, last: $last, before: $before) {
    nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
}"""


@pytest.fixture
def shelf(shop: Shop) -> Shelf:
    return Shelf(shop)


def activate(shelf: Shelf, key: str = "k", **given: Any) -> Any:
    return shelf.shop.ask(ACTIVATE, **{"item": shelf.item, "location": shelf.there, "key": key, **given})


def messages(payload: Any) -> list[str]:
    return [error["message"] for error in payload["userErrors"]]


def test_activating_stocks_an_item_with_what_is_said(shelf: Shelf) -> None:
    payload = activate(shelf, onHand=6)

    assert payload["userErrors"] == []
    assert payload["inventoryLevel"]["isActive"]
    assert shelf.figures(shelf.there) == {"available": 6, "on_hand": 6}
    assert shelf.shop.topics() == ["inventory_levels/connect"]


def test_activating_what_is_active_refuses_a_quantity_and_takes_none(shelf: Shelf) -> None:
    level = activate(shelf, location=shelf.here)["inventoryLevel"]
    refused = activate(shelf, "other", location=shelf.here, available=3)

    assert messages(refused) == [
        "Not allowed to set available quantity when the item is already active at the location."
    ]
    assert refused["inventoryLevel"] == level
    assert shelf.figures()["available"] == 10


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"available": 1, "onHand": 2},
            "because not allowed to set available and on_hand quantities at the same time.",
        ),
        ({"onHand": 1_000_000_001}, "because the quantity needs to be between -1 billion and 1 billion."),
        ({"location": gid("Location", 404)}, "The product couldn't be stocked because the location wasn't found."),
        ({"item": gid("InventoryItem", 404)}, "because the product was deleted."),
    ],
)
def test_activating_is_refused_in_words(shelf: Shelf, given: dict[str, Any], words: str) -> None:
    payload = activate(shelf, **given)

    assert payload["inventoryLevel"] is None
    assert {message.endswith(words) for message in messages(payload)} == {True}


def test_a_closed_level_keeps_its_quantities_and_is_hidden_until_it_is_open_again(shelf: Shelf) -> None:
    level = activate(shelf, available=7)["inventoryLevel"]["id"]
    assert shelf.shop.ask(DEACTIVATE, id=level) == {"userErrors": []}
    query = """query L($id: ID!, $hidden: Boolean!) {
      inventoryItem(id: $id) { inventoryLevels(first: 9, includeInactive: $hidden) { nodes { isActive } } } }"""

    def listed(*, hidden: bool) -> list[bool]:
        rows = shelf.shop.ask(query, id=shelf.item, hidden=hidden)["inventoryLevels"]["nodes"]
        return [row["isActive"] for row in rows]

    assert (listed(hidden=False), listed(hidden=True)) == ([True], [True, False])
    activate(shelf, "again")

    assert listed(hidden=False) == [True, True]
    assert shelf.figures(shelf.there) == {"available": 7, "on_hand": 7}
    assert shelf.shop.topics() == [
        "inventory_levels/connect",
        "inventory_levels/disconnect",
        "inventory_levels/connect",
    ]


def test_an_item_stays_stocked_somewhere(shelf: Shelf) -> None:
    level = activate(shelf, location=shelf.here)["inventoryLevel"]["id"]

    assert messages(shelf.shop.ask(DEACTIVATE, id=level))[0].endswith(
        "because products need to be stocked at a minimum of 1 location."
    )
    gone = shelf.shop.ask(DEACTIVATE, id=gid("InventoryLevel", "5?inventory_item_id=404"))
    assert messages(gone) == ["The product couldn't be unstocked because the product was deleted."]


def test_many_places_are_switched_together_or_not_at_all(shelf: Shelf) -> None:
    def toggle(*updates: tuple[str, bool]) -> Any:
        rows = [{"locationId": place, "activate": on} for place, on in updates]
        return shelf.shop.ask(TOGGLE, item=shelf.item, updates=rows)

    nowhere = toggle((shelf.there, True), (shelf.there, False), (shelf.here, False))
    unknown = toggle((shelf.there, True), (gid("Location", 404), True))
    assert codes(nowhere) == ["CANNOT_DEACTIVATE_FROM_ONLY_LOCATION"]
    assert codes(unknown) == ["LOCATION_NOT_FOUND"]
    assert shelf.figures(shelf.there) == {}

    moved = toggle((shelf.there, True), (shelf.here, False))

    assert codes(moved) == []
    assert [level["isActive"] for level in moved["inventoryLevels"]] == [True]


def test_an_item_takes_its_description_and_its_variant_the_sku(shelf: Shelf) -> None:
    weight = {"weight": {"unit": "GRAMS", "value": 250}}
    given = {"sku": "LAMP-2", "cost": "4.2", "harmonizedSystemCode": "940510", "measurement": weight}
    payload = shelf.shop.ask(UPDATE, id=shelf.item, input=given)

    assert payload["userErrors"] == []
    cost = payload["inventoryItem"].pop("unitCost")
    assert (Decimal(cost["amount"]), cost["currencyCode"]) == (Decimal("4.2"), "USD")
    assert payload["inventoryItem"] == {
        "sku": "LAMP-2",
        "harmonizedSystemCode": "940510",
        "measurement": {"weight": {"unit": "GRAMS", "value": 250.0}},
    }
    assert shelf.shop.record(shelf.variant)["sku"] == "LAMP-2"
    assert "inventory_items/update" in shelf.shop.topics()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cost": "-1"}, "Cost must be greater than or equal to 0"),
        ({"harmonizedSystemCode": "12"}, "Harmonized system code must be a number between six and thirteen digits"),
        (
            {"measurement": {"weight": {"unit": "KILOGRAMS", "value": -1}}},
            "Measurement weight value -1 kg must be >= 0 kg",
        ),
    ],
)
def test_an_item_is_not_described_wrongly(shelf: Shelf, given: Record, words: str) -> None:
    assert messages(shelf.shop.ask(UPDATE, id=shelf.item, input=given)) == [words]


def test_a_location_is_walked_page_by_page_both_ways_over_what_is_active(shop: Shop) -> None:
    place = shop.state.all(shop.domain, "Location")[-1]["id"]
    add_goods(shop.state, shop.domain, Goods(30))
    levels = [one for one in shop.state.all(shop.domain, "InventoryLevel") if one["location"]["id"] == place]
    for level in levels[10:15]:
        shop.state.update(shop.domain, level["id"], {"isActive": False}, topics=())
    wanted = [one["id"] for one in levels[:10] + levels[15:]]

    forwards: list[str] = []
    page: Any = {"pageInfo": {"endCursor": None, "hasNextPage": True}}
    while page["pageInfo"]["hasNextPage"]:
        page = shop.ask(WALK, id=place, first=7, after=page["pageInfo"]["endCursor"])["inventoryLevels"]
        assert page["pageInfo"]["hasPreviousPage"] == bool(forwards)
        forwards += [one["id"] for one in page["nodes"]]
    backwards: list[str] = []
    page = {"pageInfo": {"startCursor": None, "hasPreviousPage": True}}
    while page["pageInfo"]["hasPreviousPage"]:
        page = shop.ask(WALK, id=place, last=7, before=page["pageInfo"]["startCursor"])["inventoryLevels"]
        backwards = [one["id"] for one in page["nodes"]] + backwards

    assert forwards == wanted
    assert backwards == wanted


def test_an_item_that_goes_takes_its_levels_along(shelf: Shelf) -> None:
    remove_item(shelf.shop.state, shelf.shop.domain, shelf.item)

    assert shelf.figures() == {}
    assert shelf.shop.topics() == ["inventory_items/delete"]


def test_stock_is_found_again_after_a_restart(tmp_path: Path) -> None:
    shelf = Shelf(Shop(state_file=tmp_path / "shop.db"))
    first = shelf.set(4, key="once")
    shelf.shop.state.close()

    shelf.shop = Shop(state_file=tmp_path / "shop.db")

    assert shelf.figures() == {"available": 4, "on_hand": 4}
    assert shelf.set(4, key="once") == first
    assert shelf.shop.topics() == []
    shelf.shop.state.close()
