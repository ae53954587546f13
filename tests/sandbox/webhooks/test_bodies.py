"""Webhook bodies have the keys and the value types of the published sample bodies."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import deployments.sandbox.shopify as stand_in_package
from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.generator.factory import OrderFactory
from deployments.sandbox.shopify.generator.references import invented
from deployments.sandbox.shopify.stand_in import Settings, StandIn
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.webhooks.bodies import WRITERS, topic_of, write_body
from deployments.sandbox.shopify.webhooks.rest import Source

SHOP = "north.myshopify.com"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SAMPLE_FILE = Path(stand_in_package.__file__).parent / "data" / "webhook-samples-2026-07.json.gz"
SAMPLES: dict[str, dict[str, Any]] = json.loads(gzip.decompress(SAMPLE_FILE.read_bytes()))
# Documentation gaps: what real bodies carry and the samples leave out or show as null only.
BEYOND_THE_SAMPLES = {"company"}
MAPS_OF_ANYTHING = {"receipt", "client_details"}
Record = dict[str, Any]


@pytest.fixture
def state() -> State:
    state = State(clock=lambda: NOON)
    state.add_shop(SHOP, {"name": "Quayside", "currencyCode": "USD", "ianaTimezone": "America/New_York"})
    return state


def generated(state: State, profile: str, how_many: int) -> Iterator[Record]:
    catalogue, numbers = load_catalogue(), state.space(SHOP).number
    references = invented(catalogue, "north", numbers)
    for person in catalogue.customers_of("north"):
        names = {"firstName": person.first_name, "lastName": person.last_name, "email": person.email}
        state.add(SHOP, "Customer", {"id": references.customers[person.email], **names})
    factory = OrderFactory(catalogue, "north", references, numbers, profile=profile, seed=5)
    for index in range(how_many):
        yield state.add_order(SHOP, factory.make(index, NOON, name=f"#{1001 + index}").record)


def differences(body: Any, sample: Any, path: str = "$") -> Iterator[str]:
    """Where a body differs in keys or JSON types; a null on either side agrees with anything."""
    if body is None or sample is None:
        return
    if isinstance(body, dict) and isinstance(sample, dict):
        if path.rsplit(".", 1)[-1] in MAPS_OF_ANYTHING:
            return
        if wrong := (body.keys() ^ sample.keys()) - BEYOND_THE_SAMPLES:
            yield f"{path}: keys differ by {sorted(wrong)}"
        for key in body.keys() & sample.keys():
            yield from differences(body[key], sample[key], f"{path}.{key}")
    elif isinstance(body, list) and isinstance(sample, list):
        for entry in body if sample else ():
            yield from differences(entry, sample[0], f"{path}[]")
    elif type(body) is not type(sample):
        yield f"{path}: {type(body).__name__} instead of {type(sample).__name__}"


def test_the_comparison_notices_a_missing_key_and_a_wrong_type() -> None:
    sample = SAMPLES["orders/create"]
    without = {key: value for key, value in sample.items() if key != "name"}
    assert list(differences(without, sample)) == ["$: keys differ by ['name']"]
    assert list(differences({**sample, "id": str(sample["id"])}, sample)) == ["$.id: str instead of int"]


@pytest.mark.parametrize("profile", ["mixed", "hostile"])
def test_order_bodies_have_the_shape_of_the_sample(state: State, profile: str) -> None:
    source = Source(state, SHOP)
    for record in generated(state, profile, 50):
        body = json.loads(json.dumps(write_body("orders/create", record, source)))
        assert list(differences(body, SAMPLES["orders/create"])) == []


CUSTOMER_ADDRESS = {
    "id": "gid://shopify/MailingAddress/7",
    "firstName": "Ada",
    "lastName": "Marsh",
    "name": "Ada Marsh",
    "address1": "1420 Echo Park Avenue",
    "city": "Los Angeles",
    "province": "California",
    "provinceCode": "CA",
    "country": "United States",
    "countryCodeV2": "US",
    "zip": "90026",
}
RECORDS: dict[str, tuple[str, Record]] = {
    "customers/update": (
        "Customer",
        {
            "firstName": "Ada",
            "state": "DISABLED",
            "note": "vip",
            "defaultEmailAddress": {"emailAddress": "ada@example.com"},
            "defaultAddress": CUSTOMER_ADDRESS,
            "addressesV2": [CUSTOMER_ADDRESS],
            "taxExemptions": [],
        },
    ),
    "customers/delete": ("Customer", {"taxExemptions": []}),
    "products/update": (
        "Product",
        {
            "title": "Tee",
            "handle": "tee",
            "tags": ["b", "A"],
            "variants": [
                {
                    "id": "gid://shopify/ProductVariant/1",
                    "price": "19.9",
                    "title": "S",
                    "createdAt": "2026-11-23T12:00:00Z",
                }
            ],
            "publishedAt": "2026-11-23T12:00:00Z",
        },
    ),
    "products/delete": ("Product", {}),
    "inventory_items/update": ("InventoryItem", {"sku": "TEE", "tracked": True, "requiresShipping": True}),
    "inventory_items/create": ("InventoryItem", {"sku": "TEE", "tracked": True, "requiresShipping": True}),
    "inventory_items/delete": ("InventoryItem", {"sku": "TEE"}),
    "bulk_operations/finish": (
        "BulkOperation",
        {"status": "COMPLETED", "type": "QUERY", "errorCode": None, "completedAt": "2026-11-23T12:00:00Z"},
    ),
    "inventory_levels/connect": (
        "InventoryLevel",
        {
            "id": "gid://shopify/InventoryLevel/5?inventory_item_id=6",
            "location": {"id": "gid://shopify/Location/5"},
            "quantities": {"available": 10},
        },
    ),
    "inventory_levels/update": (
        "InventoryLevel",
        {
            "id": "gid://shopify/InventoryLevel/5?inventory_item_id=6",
            "location": {"id": "gid://shopify/Location/5"},
            "quantities": [{"name": "on_hand", "quantity": 12}, {"name": "available", "quantity": 10}],
        },
    ),
    "inventory_levels/disconnect": (
        "InventoryLevel",
        {"id": "gid://shopify/InventoryLevel/5?inventory_item_id=6", "location": {"id": "gid://shopify/Location/5"}},
    ),
    "locations/update": ("Location", {"name": "DC", "address": {"countryCode": "US", "city": "Reno"}}),
    "orders/delete": ("Order", {}),
    "orders/edited": (
        "Order",
        {
            "lastEdit": {
                "id": "gid://shopify/OrderEdit/3",
                "additions": [{"id": "gid://shopify/LineItem/1", "delta": 1}],
                "removals": [{"id": "gid://shopify/LineItem/2", "delta": 2}],
            }
        },
    ),
    "orders/risk_assessment_changed": ("Order", {"risk": {"assessments": [{"riskLevel": "MEDIUM"}]}}),
}


@pytest.mark.parametrize("topic", sorted(RECORDS))
def test_other_bodies_have_the_shape_of_their_sample(state: State, topic: str) -> None:
    type_name, fields = RECORDS[topic]
    record = state.add(SHOP, type_name, fields)
    body = json.loads(json.dumps(write_body(topic, record, Source(state, SHOP))))
    assert list(differences(body, SAMPLES[topic])) == []


def test_what_the_seeder_made_has_bodies_that_say_it() -> None:
    """The records of the real stand-in, not those a test thought up."""
    state = StandIn(Settings()).state
    source = Source(state, SHOP)
    for topic, type_name in (
        ("customers/update", "Customer"),
        ("products/update", "Product"),
        ("inventory_levels/update", "InventoryLevel"),
        ("locations/update", "Location"),
    ):
        for record in state.all(SHOP, type_name):
            body = json.loads(json.dumps(write_body(topic, record, source)))
            assert list(differences(body, SAMPLES[topic])) == []
    product = next(one for one in state.all(SHOP, "Product") if one["handle"] == "harbour-tee")
    body = write_body("products/update", product, source) or {}
    assert [option["values"] for option in body["options"]] == [["White", "Navy"], ["S", "M", "L"]]
    assert body["variants"][0]["price"] == "24.00"
    assert len(body["variants"]) == len(body["variant_gids"]) == 6


def test_an_uninstall_carries_the_shop(state: State) -> None:
    body = write_body("app/uninstalled", state.space(SHOP).shop, Source(state, SHOP))
    assert list(differences(json.loads(json.dumps(body)), SAMPLES["app/uninstalled"])) == []
    assert body is not None
    assert body["myshopify_domain"] == SHOP


def test_a_refund_and_a_fulfillment_have_the_shape_of_their_samples(state: State) -> None:
    order = next(generated(state, "bookable", 1))
    line, nothing = order["lineItems"][0], order["totalRefundedSet"]
    refund = {
        "order": {"id": order["id"]},
        "note": "damaged",
        "totalDutiesSet": nothing,
        "refundLineItems": [
            {"lineItem": {"id": line["id"]}, "quantity": 1, "restockType": "RETURN", "subtotalSet": nothing}
        ],
        "transactions": [{**order["transactions"][0], "kind": "REFUND"}],
    }
    shipment = {
        "order": {"id": order["id"]},
        "status": "SUCCESS",
        "name": "#1001-F1",
        "trackingInfo": [{"company": "UPS", "number": "1Z", "url": "https://example.com/1Z"}],
        "fulfillmentLineItems": [{"lineItem": {"id": line["id"]}, "quantity": 1}],
    }
    for topic, type_name, fields in (
        ("refunds/create", "Refund", refund),
        ("fulfillments/create", "Fulfillment", shipment),
    ):
        body = write_body(topic, state.add(SHOP, type_name, fields), Source(state, SHOP))
        sample = deepcopy(SAMPLES[topic])
        if topic == "refunds/create":
            for entry in (sample, body):
                entry["refund_line_items"][0] |= {"subtotal": 0.0, "total_tax": 0.0}  # type: ignore[index]
        assert list(differences(json.loads(json.dumps(body)), sample)) == []


def test_a_duty_that_is_given_back_is_told_with_its_refund_and_its_order(state: State) -> None:
    order = next(generated(state, "bookable", 1))
    amount = {"shopMoney": {"amount": "2.50", "currencyCode": "USD"}}
    amount["presentmentMoney"] = amount["shopMoney"]
    back = {"amountSet": amount, "originalDuty": {"id": "gid://shopify/Duty/77"}}
    refund = state.add(SHOP, "Refund", {"order": {"id": order["id"]}, "duties": [back]})
    told = write_body("refunds/create", refund, Source(state, SHOP)) or {}
    of_order = write_body("orders/updated", {**order, "refunds": [refund]}, Source(state, SHOP)) or {}
    (duty,) = told["duties"]
    assert (duty["duty_id"], duty["amount_set"]["shop_money"]["amount"]) == (77, "2.50")
    assert of_order["refunds"][0]["duties"] == [duty]


def test_a_payment_has_the_shape_of_its_sample(state: State) -> None:
    order = next(generated(state, "bookable", 1))
    payment = {**order["transactions"][0], "order": {"id": order["id"]}}
    body = json.loads(json.dumps(write_body("order_transactions/create", payment, Source(state, SHOP))))
    assert list(differences(body, SAMPLES["order_transactions/create"])) == []
    assert body["order_id"] == int(order["legacyResourceId"])


def test_an_order_body_tells_the_order_in_rest_words(state: State) -> None:
    orders = list(generated(state, "bookable", 34))
    record = next(one for one in orders if one["discountCodes"] and one["shippingLines"])
    body = write_body("orders/create", record, Source(state, SHOP))
    assert body is not None
    assert body["id"] == int(record["legacyResourceId"])
    assert (body["name"], body["order_number"], body["number"]) == (
        record["name"],
        record["number"],
        record["number"] - 1000,
    )
    assert body["created_at"] == "2026-11-23T07:00:00-05:00"
    assert body["financial_status"] == record["displayFinancialStatus"].lower()
    assert body["total_price_set"]["shop_money"] == {
        "amount": record["totalPriceSet"]["shopMoney"]["amount"],
        "currency_code": "USD",
    }
    assert body["customer"]["email"] == record["email"]
    assert [code["code"] for code in body["discount_codes"]] == record["discountCodes"]
    allocated = [
        entry["discount_application_index"] for line in body["line_items"] for entry in line["discount_allocations"]
    ]
    assert set(allocated) <= set(range(len(body["discount_applications"])))


def test_ids_beyond_what_a_float_holds_stay_exact(state: State) -> None:
    record = next(one for one in generated(state, "hostile", 60) if int(one["legacyResourceId"]) > 2**53)
    body = json.loads(json.dumps(write_body("orders/create", record, Source(state, SHOP))))
    assert body["admin_graphql_api_id"].endswith(f"/{body['id']}")
    assert int(float(body["id"])) != body["id"]


def test_a_subscription_enum_names_its_topic() -> None:
    for topic in WRITERS:
        assert topic_of(topic.replace("/", "_").upper()) == topic
    assert topic_of("FULFILLMENTS_CREATE") == "fulfillments/create"
