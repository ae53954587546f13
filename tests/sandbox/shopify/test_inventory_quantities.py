"""Quantities as a shop keeps them: set, adjusted, moved, compared, mirrored, refused."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.sandbox.shopify.records import gid
from tests.sandbox.shopify.asking import Shop
from tests.sandbox.shopify.stocking import Shelf, codes, told

LEDGER = "gid://wms/Movement/1"
SET = """mutation S($input: InventorySetQuantitiesInput!) {
  inventorySetQuantities(input: $input) { userErrors { code } }
}"""


@pytest.fixture
def shelf(shop: Shop) -> Shelf:
    return Shelf(shop)


def test_setting_available_tells_the_mirrored_on_hand_too(shelf: Shelf) -> None:
    payload = shelf.set(4, changeFromQuantity=10)

    assert told(payload) == [("available", -6, 4), ("on_hand", -6, 4)]
    assert shelf.figures() == {"available": 4, "on_hand": 4}


def test_on_hand_is_the_sum_of_its_parts_and_incoming_stands_apart(shelf: Shelf) -> None:
    for name, pieces in (("damaged", 1), ("quality_control", 2), ("reserved", 3), ("safety_stock", 4), ("incoming", 5)):
        assert codes(shelf.adjust(name, shelf.row(delta=pieces, ledgerDocumentUri=LEDGER))) == []

    assert shelf.figures()["on_hand"] == 10 + 1 + 2 + 3 + 4
    assert shelf.figures()["incoming"] == 5


def test_setting_on_hand_keeps_what_is_committed(shelf: Shelf) -> None:
    shelf.shop.place_order(("LAMP", 3))
    place = next(one for one in (shelf.here, shelf.there) if shelf.figures(one).get("committed"))
    assert shelf.figures(place) == {"available": 7, "committed": 3, "on_hand": 10}

    payload = shelf.set(20, name="on_hand", locationId=place, changeFromQuantity=10)

    assert told(payload) == [("available", 10, 17), ("on_hand", 10, 20)]
    assert shelf.figures(place) == {"available": 17, "committed": 3, "on_hand": 20}


def test_a_stale_compare_refuses_the_whole_call(shelf: Shelf) -> None:
    rows = [shelf.row(quantity=4, changeFromQuantity=10), shelf.row(locationId=shelf.there, quantity=2)]
    rows[1]["changeFromQuantity"] = 99

    payload = shelf.write("inventorySetQuantities", {"name": "available", "quantities": rows})

    assert codes(payload) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert payload["userErrors"][0]["field"] == ["input", "quantities", "1", "changeFromQuantity"]
    assert payload["inventoryAdjustmentGroup"] is None
    assert shelf.figures() == {"available": 10, "on_hand": 10}


def test_the_compare_must_be_said_before_the_key_is_even_looked_at(shelf: Shelf) -> None:
    row = {"inventoryItemId": shelf.item, "locationId": shelf.here, "quantity": 1}
    given: dict[str, Any] = {"name": "available", "reason": "correction", "quantities": [row]}

    without_both = shelf.shop.refusal(SET, input=given)
    row["changeFromQuantity"] = None
    without_key = shelf.shop.refusal(SET, input=given)

    assert without_both["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"
    wanted = "InventoryQuantityInput must include the following argument: changeFromQuantity."
    assert without_both["message"] == wanted
    assert without_key["extensions"]["code"] == "BAD_REQUEST"


def test_a_repeat_with_its_key_writes_nothing_and_a_changed_one_is_refused(shelf: Shelf) -> None:
    first = shelf.set(4, changeFromQuantity=10, key="once")
    shelf.set(8)
    repeat = shelf.set(4, changeFromQuantity=10, key="once")
    changed = shelf.set(5, changeFromQuantity=10, key="once")

    assert repeat == first
    assert codes(changed) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    assert shelf.figures()["available"] == 8


def test_a_key_is_forgotten_after_a_day(shelf: Shelf) -> None:
    shelf.set(4, key="once")
    shelf.shop.later(hours=24)

    assert codes(shelf.set(6, key="once")) == []
    assert shelf.figures()["available"] == 6


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"name": "committed"}, "INVALID_NAME", "name"),
        ({"reason": "because"}, "INVALID_REASON", "reason"),
        ({"referenceDocumentUri": "nothing"}, "INVALID_REFERENCE_DOCUMENT", "referenceDocumentUri"),
        ({"referenceDocumentUri": "gid://app/"}, "INVALID_REFERENCE_DOCUMENT", "referenceDocumentUri"),
    ],
)
def test_a_bad_header_is_refused(shelf: Shelf, change: dict[str, Any], code: str, field: str) -> None:
    rows = [shelf.row(quantity=1)]
    payload = shelf.write("inventorySetQuantities", {"name": "available", "quantities": rows, **change})

    assert codes(payload) == [code]
    assert payload["userErrors"][0]["field"] == ["input", field]


@pytest.mark.parametrize(
    ("name", "row", "code", "field"),
    [
        ("available", {"quantity": 1_000_000_001}, "INVALID_QUANTITY_TOO_HIGH", "quantity"),
        ("available", {"quantity": -1_000_000_001}, "INVALID_QUANTITY_TOO_LOW", "quantity"),
        ("on_hand", {"quantity": -1}, "INVALID_QUANTITY_NEGATIVE", "quantity"),
        ("available", {"inventoryItemId": gid("InventoryItem", 404)}, "INVALID_INVENTORY_ITEM", "inventoryItemId"),
        ("available", {"locationId": gid("Location", 404)}, "INVALID_LOCATION", "locationId"),
    ],
)
def test_a_bad_row_is_refused(shelf: Shelf, name: str, row: dict[str, Any], code: str, field: str) -> None:
    rows = [shelf.row(quantity=1), shelf.row(**{"locationId": shelf.there, "quantity": 1, **row})]
    payload = shelf.write("inventorySetQuantities", {"name": name, "quantities": rows})

    assert codes(payload) == [code]
    assert payload["userErrors"][0]["field"] == ["input", "quantities", "1", field]
    assert shelf.figures() == {"available": 10, "on_hand": 10}


def test_available_may_be_below_zero(shelf: Shelf) -> None:
    assert codes(shelf.set(-3)) == []
    assert shelf.figures() == {"available": -3, "on_hand": -3}


def test_the_parent_of_a_bundle_cannot_be_changed(shelf: Shelf) -> None:
    shelf.shop.state.update(shelf.shop.domain, shelf.variant, {"requiresComponents": True}, topics=())

    assert codes(shelf.set(1)) == ["NON_MUTABLE_INVENTORY_ITEM"]


def test_a_pair_named_twice_is_refused(shelf: Shelf) -> None:
    rows = [shelf.row(quantity=1), shelf.row(quantity=2), shelf.row(quantity=3)]
    payload = shelf.write("inventorySetQuantities", {"name": "available", "quantities": rows})

    assert codes(payload) == ["NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"] * 2
    assert [error["field"][2] for error in payload["userErrors"]] == ["1", "2"]


def test_more_than_250_rows_are_refused_outright(shelf: Shelf) -> None:
    rows = [shelf.row(quantity=1)] * 251
    given = {"name": "available", "reason": "correction", "quantities": rows}

    answer = shelf.shop.refusal(SET, input=given)

    assert answer["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"
    assert answer["message"] == "The input array size of 251 is greater than the maximum allowed of 250."


def test_writing_where_an_item_is_not_stocked_stocks_it_there(shelf: Shelf) -> None:
    payload = shelf.set(6, locationId=shelf.there, changeFromQuantity=0)

    assert codes(payload) == []
    assert shelf.figures(shelf.there) == {"available": 6, "on_hand": 6}
    assert shelf.shop.topics() == ["inventory_levels/connect", "inventory_levels/update"]


@pytest.mark.parametrize(
    ("name", "rows", "code"),
    [
        ("committed", [{"delta": 1}], "INVALID_QUANTITY_NAME"),
        ("on_hand", [{"delta": 1}], "INVALID_QUANTITY_NAME"),
        ("damaged", [{"delta": 1}], "INVALID_QUANTITY_DOCUMENT"),
        ("available", [{"delta": 1, "ledgerDocumentUri": LEDGER}], "INVALID_AVAILABLE_DOCUMENT"),
        ("damaged", [{"delta": 1, "ledgerDocumentUri": "gid://shopify/Order/1"}], "INTERNAL_LEDGER_DOCUMENT"),
        ("damaged", [{"delta": 1, "ledgerDocumentUri": "no uri"}], "INVALID_LEDGER_DOCUMENT"),
        (
            "damaged",
            [{"delta": 1, "ledgerDocumentUri": LEDGER}, {"delta": 1, "ledgerDocumentUri": LEDGER + "2"}],
            "MAX_ONE_LEDGER_DOCUMENT",
        ),
        ("available", [{"delta": 2_000_000_001}], "INVALID_QUANTITY_TOO_HIGH"),
        ("available", [{"delta": 1, "changeFromQuantity": 3}], "CHANGE_FROM_QUANTITY_STALE"),
    ],
)
def test_an_adjustment_keeps_the_rules_of_its_name(
    shelf: Shelf, name: str, rows: list[dict[str, Any]], code: str
) -> None:
    payload = shelf.adjust(name, *(shelf.row(**row) for row in rows))

    assert codes(payload) == [code]
    assert shelf.figures() == {"available": 10, "on_hand": 10}


def test_an_adjustment_without_any_delta_has_no_group(shelf: Shelf) -> None:
    payload = shelf.adjust("available", shelf.row(delta=0))

    assert payload == {"inventoryAdjustmentGroup": None, "userErrors": []}
    assert shelf.shop.topics() == []


def move(shelf: Shelf, source: dict[str, Any], target: dict[str, Any], pieces: int = 2) -> Any:
    ends = [{"locationId": shelf.here, "changeFromQuantity": None, **one} for one in (source, target)]
    change = {"inventoryItemId": shelf.item, "quantity": pieces, "from": ends[0], "to": ends[1]}
    given = {"referenceDocumentUri": "gid://wms/Check/1", "changes": [change]}
    return shelf.write("inventoryMoveQuantities", given)


def test_a_move_changes_two_names_and_leaves_on_hand(shelf: Shelf) -> None:
    payload = move(shelf, {"name": "available"}, {"name": "quality_control", "ledgerDocumentUri": LEDGER})

    assert codes(payload) == []
    assert shelf.figures() == {"available": 8, "on_hand": 10, "quality_control": 2}


@pytest.mark.parametrize(
    ("source", "target", "pieces", "code"),
    [
        ({"name": "committed"}, {"name": "available"}, 1, "INVALID_QUANTITY_NAME"),
        ({"name": "available"}, {"name": "available"}, 1, "SAME_QUANTITY_NAME"),
        ({"name": "available"}, {"name": "damaged"}, 1, "INVALID_QUANTITY_DOCUMENT"),
        ({"name": "available"}, {"name": "damaged", "ledgerDocumentUri": LEDGER}, -1, "INVALID_QUANTITY_NEGATIVE"),
        (
            {"name": "available", "changeFromQuantity": 1},
            {"name": "damaged", "ledgerDocumentUri": LEDGER},
            1,
            "CHANGE_FROM_QUANTITY_STALE",
        ),
    ],
)
def test_a_move_keeps_the_rules(
    shelf: Shelf, source: dict[str, Any], target: dict[str, Any], pieces: int, code: str
) -> None:
    assert codes(move(shelf, source, target, pieces)) == [code]
    assert shelf.figures() == {"available": 10, "on_hand": 10}


def test_a_move_stays_at_one_location(shelf: Shelf) -> None:
    payload = move(shelf, {"name": "available"}, {"name": "available", "locationId": shelf.there})

    assert codes(payload) == ["DIFFERENT_LOCATIONS"]


def test_the_older_set_on_hand_works_and_counts_the_same(shelf: Shelf) -> None:
    rows = [shelf.row(quantity=12, changeFromQuantity=10)]
    payload = shelf.write("inventorySetOnHandQuantities", {"setQuantities": rows})

    assert told(payload) == [("available", 2, 12), ("on_hand", 2, 12)]


def test_an_order_and_its_cancellation_with_restock_leave_the_shelf_as_it_was(shelf: Shelf) -> None:
    order = shelf.shop.place_order(("LAMP", 4))
    taken = [one for one in (shelf.here, shelf.there) if shelf.figures(one).get("committed")]
    assert [shelf.figures(one) for one in taken] == [{"available": 6, "committed": 4, "on_hand": 10}]

    shelf.shop.ask(
        "mutation C($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true, "
        "refundMethod: {originalPaymentMethodsRefund: false}) { job { id } } }",
        id=order["id"],
    )
    shelf.shop.later(minutes=1)

    assert [shelf.figures(one) for one in taken] == [{"available": 10, "on_hand": 10}]


def test_a_product_total_and_a_search_lag_while_the_variant_is_right_at_once(shelf: Shelf) -> None:
    shelf.shop.later(minutes=5)
    shelf.set(3)
    query = """query L($id: ID!, $variant: ID!) {
      product(id: $id) { totalInventory } productVariant(id: $variant) { inventoryQuantity }
    }"""

    prompt = shelf.shop.ask(query, id=shelf.product, variant=shelf.variant)
    shelf.shop.search_lag_seconds = 60
    lagging = shelf.shop.ask(query, id=shelf.product, variant=shelf.variant)
    shelf.shop.later(seconds=61)
    caught_up = shelf.shop.ask(query, id=shelf.product, variant=shelf.variant)

    assert prompt == {"product": {"totalInventory": 3}, "productVariant": {"inventoryQuantity": 3}}
    assert lagging == {"product": {"totalInventory": 10}, "productVariant": {"inventoryQuantity": 3}}
    assert caught_up == prompt


def test_an_app_without_the_scope_is_refused() -> None:
    shelf = Shelf(Shop())
    reader = Shop(scopes=frozenset({"read_inventory", "read_locations"}))
    given = {"name": "available", "reason": "correction", "quantities": [shelf.row(quantity=1)]}

    answer = reader.refusal(
        "mutation S($input: InventorySetQuantitiesInput!) "
        '{ inventorySetQuantities(input: $input) @idempotent(key: "k") { userErrors { code } } }',
        input=given,
    )

    assert answer["extensions"]["code"] == "ACCESS_DENIED"
    assert "write_inventory" in answer["extensions"]["requiredAccess"]
