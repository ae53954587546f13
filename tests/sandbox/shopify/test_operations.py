"""Everything implemented answers whole: our operations, and every field of the main types, without an error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graphql import get_named_type, is_abstract_type, is_leaf_type

from deployments.sandbox.catalogue import load_catalogue
from deployments.sandbox.shopify.buckets import PLANS, Buckets
from deployments.sandbox.shopify.domains import DOMAINS
from deployments.sandbox.shopify.generator.factory import OrderFactory
from deployments.sandbox.shopify.generator.references import seeded
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import combine
from deployments.sandbox.shopify.schema import published
from tests.sandbox.shopify.asking import NORTH, Shop, paid
from tests.sandbox.shopify.product_asking import sized
from tests.sandbox.shopify.return_desk import PARCEL, Desk

FILES = sorted(Path(__file__).parent.glob("operations*.graphql"))
SWEPT = (
    "CalculatedOrder",
    "Collection",
    "CompanyLocationCatalog",
    "Customer",
    "Fulfillment",
    "FulfillmentOrder",
    "GenericFile",
    "InventoryItem",
    "InventoryLevel",
    "Location",
    "MediaImage",
    "Metafield",
    "Order",
    "PriceList",
    "Product",
    "ProductVariant",
    "Publication",
    "Return",
    "ReverseDelivery",
    "ReverseFulfillmentOrder",
)
SHELVES = """mutation Shelves($jacket: ProductSetInput!, $files: [FileCreateInput!]!, $branch: ID!) {
  collectionCreate(input: {title: "Rainwear"}) { userErrors { message } }
  fileCreate(files: $files) { userErrors { message } }
  productSet(input: $jacket) { userErrors { message } }
  catalogCreate(input: {title: "Trade", status: ACTIVE, context: {companyLocationIds: [$branch]}}) {
    userErrors { message }
  }
  priceListCreate(input: {name: "Trade", currency: USD, parent: {adjustment: {type: PERCENTAGE_DECREASE, value: 10}}}) {
    userErrors { message }
  }
}"""
ORDERS = 40
SHIPPED = """mutation Shipped($request: ID!, $order: ID!) {
  fulfillmentCreate(fulfillment: {
    lineItemsByFulfillmentOrder: [{fulfillmentOrderId: $request}], trackingInfo: {company: "UPS", number: "1"}}) {
    userErrors { message } }
  orderEditBegin(id: $order) { userErrors { message } }
  fulfillmentServiceCreate(name: "Lager", callbackUrl: "https://lager.example/hook") { userErrors { message } }
}"""


@dataclass(frozen=True)
class Operation:
    """One operation of the file with the fragments it uses."""

    name: str
    text: str
    variables: str


def operations() -> Iterator[Operation]:
    text = "\n\n".join(path.read_text() for path in FILES)
    fragments = dict(re.findall(r"^fragment (\w+) (on .*?^\})", text, re.DOTALL | re.MULTILINE))
    for variables, body in re.findall(
        r"^# variables: (.*?)\n((?:query|mutation) .*?)(?=\n\n|\Z)", text, re.DOTALL | re.MULTILINE
    ):
        used: set[str] = set()
        for _ in range(len(fragments)):
            whole = body + "".join(fragments[name] for name in used)
            used |= {name for name in re.findall(r"\.\.\.(\w+)", whole) if name in fragments}
        name = re.match(r"\w+ (\w+)", body).group(1)  # type: ignore[union-attr]
        yield Operation(name, body + "\n" + "\n".join(f"fragment {one} {fragments[one]}" for one in used), variables)


@pytest.fixture(scope="module")
def busy_shop() -> Shop:
    """A shop with orders of every kind the generator makes."""
    shop = Shop()
    shop.stand_in.buckets = Buckets(PLANS["plus"])  # hundreds of questions at once
    fill_shelves(shop)
    catalogue = load_catalogue()
    factory = OrderFactory(
        catalogue, NORTH, seeded(shop.state, NORTH, catalogue), shop.state.space(NORTH).number, profile="mixed", seed=3
    )
    for index in range(ORDERS):
        shop.state.add_order(NORTH, factory.make(index, shop.state.clock()).record)
    take_back(shop)
    last = [one for one in shop.state.all(NORTH, "Order") if one["fulfillmentOrders"]][-2]
    told = shop.ask(SHIPPED, request=last["fulfillmentOrders"][0]["id"], order=last["id"])
    assert all(one["userErrors"] == [] for one in told.values()), told
    return shop


def take_back(shop: Shop) -> None:
    """Something shipped, returned and refunded."""
    desk = Desk(shop, **paid("10000.00"))
    one = desk.take_back(2)
    desk.ask(PARCEL, id=desk.back(one)["id"], lines=[], number="1Z")
    desk.process(one, 1, pay="1.00")


def fill_shelves(shop: Shop) -> None:
    """What the catalogue does not seed."""
    files = [{"originalSource": f"https://cdn.example.com/{name}"} for name in ("front.jpg", "manual.pdf")]
    row = {"namespace": "erp", "key": "code", "type": "single_line_text_field", "value": "7"}
    jacket = sized("S", "M", metafields=[row], files=files[:1])
    branch = shop.state.all(NORTH, "CompanyLocation")[0]["id"]
    told = shop.ask(SHELVES, jacket=jacket, files=files, branch=branch)
    assert all(one["userErrors"] == [] for one in told.values()), told
    shop.later(minutes=1)


def named_ids(shop: Shop) -> dict[str, str]:
    order = next(one for one in shop.state.all(NORTH, "Order") if one["fulfillmentOrders"])

    def first(type_name: str) -> str:
        return str(shop.state.all(NORTH, type_name)[0]["id"])

    return {
        "order": order["id"],
        "line": order["lineItems"][0]["id"],
        "request": order["fulfillmentOrders"][0]["id"],
        "customer": first("Customer"),
        "product": first("Product"),
        "variant": first("ProductVariant"),
        "item": first("InventoryItem"),
        "level": first("InventoryLevel"),
        "location": first("Location"),
        "company": first("Company"),
        "branch": first("CompanyLocation"),
        "return": first("Return"),
        "refund": next(str(one["refunds"][-1]["id"]) for one in shop.state.all(NORTH, "Order") if one.get("refunds")),
    }


@pytest.mark.parametrize("operation", list(operations()), ids=lambda one: one.name)
def test_an_operation_answers_without_an_error(operation: Operation, busy_shop: Shop) -> None:
    text = operation.variables
    for name, value in named_ids(busy_shop).items():
        text = text.replace(f"{{{name}}}", value)

    answer = busy_shop.answer(operation.text, **json.loads(text))

    assert "errors" not in answer, answer["errors"]
    assert answer["data"] is not None
    assert answer["extensions"]["cost"]["requestedQueryCost"] <= 1000


def test_every_implemented_root_field_is_asked_for_by_an_operation() -> None:
    domain = combine(DOMAINS)
    text = "\n".join(operation.text for operation in operations())

    unasked = [root for root in (*domain.queries, *domain.mutations) if not re.search(rf"\b{root}\b", text)]

    assert unasked == []


@pytest.mark.parametrize("type_name", SWEPT)
def test_every_field_of_a_type_can_be_read(type_name: str, busy_shop: Shop) -> None:
    """Asks one field at a time, with all it contains one level deep, of the first and the last record."""
    records = busy_shop.state.all(NORTH, type_name)
    found = []
    for selection in selections(published().schema.type_map[type_name], depth=1):
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {type_name} {{ {selection} }} }} }}"
        for record in (records[0], records[-1]):
            found += [error["message"] for error in errors_of(busy_shop, query, record)]

    assert found == []


def errors_of(shop: Shop, query: str, record: Record) -> list[Any]:
    return list(shop.answer(query, id=record["id"]).get("errors", ()))


def selections(kind: Any, *, depth: int) -> list[str]:
    found = []
    for name, field in kind.fields.items():
        if any(str(argument.type).endswith("!") for argument in field.args.values()):
            continue
        named = get_named_type(field.type)
        if is_leaf_type(named):
            found.append(name)
        elif depth and named.name != "QueryRoot":
            found.append(f"{name}{within(named, depth)}")
    return found


def within(named: Any, depth: int) -> str:
    if is_abstract_type(named):
        return " { __typename }"
    if named.name.endswith("Connection") and "nodes" in named.fields:
        node = get_named_type(named.fields["nodes"].type)
        inner = "__typename" if is_abstract_type(node) else " ".join(selections(node, depth=0))
        return f"(first: 2) {{ nodes {{ {inner or '__typename'} }} }}"
    return f" {{ {' '.join(selections(named, depth=depth - 1)) or '__typename'} }}"
