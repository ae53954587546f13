"""Customers: created once, changed, found, never doubled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify.asking import Shop, paid

CREATE = """mutation M($input: CustomerInput!) {
  customerCreate(input: $input) { customer { id displayName email } userErrors { field message } }
}"""
SET = """mutation M($who: CustomerSetIdentifiers, $input: CustomerSetInput!) {
  customerSet(identifier: $who, input: $input) { customer { id displayName } userErrors { field message code } }
}"""


def test_a_customer_without_a_name_is_called_by_the_address(shop: Shop) -> None:
    answer = shop.ask(CREATE, input={"email": "lena@example.com"})

    assert answer["customer"]["displayName"] == "lena@example.com"
    assert "customers/create" in shop.topics()


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({}, None, "A name, phone number, or email address must be present"),
        ({"email": "not an address"}, ["email"], "Email is invalid"),
        ({"email": "TAKEN@example.com"}, ["email"], "Email has already been taken"),
        ({"phone": "call me"}, ["phone"], "Phone is invalid"),
        ({"firstName": "x" * 256}, ["firstName"], "First name is too long (maximum is 255 characters)"),
        ({"id": "gid://shopify/Customer/1", "email": "b@example.com"}, ["id"], "Cannot specify ID on creation"),
    ],
)
def test_a_customer_that_cannot_be_is_refused(shop: Shop, given: dict[str, Any], field: Any, message: str) -> None:
    shop.ask(CREATE, input={"email": "taken@example.com"})

    assert shop.ask(CREATE, input=given) == {"customer": None, "userErrors": [{"field": field, "message": message}]}


def test_an_upsert_by_address_finds_the_same_customer_again(shop: Shop) -> None:
    who = {"email": "noor@example.com"}
    first = shop.ask(SET, who=who, input={**who, "firstName": "Noor"})
    second = shop.ask(SET, who=who, input={**who, "lastName": "Haddad"})

    assert first["customer"]["id"] == second["customer"]["id"]
    assert second["customer"]["displayName"] == "Noor Haddad"


def test_an_upsert_by_an_id_nobody_has_is_refused(shop: Shop) -> None:
    answer = shop.ask(SET, who={"id": "gid://shopify/Customer/404"}, input={"firstName": "Nobody"})

    assert [error["code"] for error in answer["userErrors"]] == ["NOT_FOUND"]


def test_orders_add_up_on_their_customer(shop: Shop) -> None:
    order = shop.place_order(email="ada@example.com", **paid("10.00"))
    shop.place_order(email="ADA@example.com", **paid("10.00"))
    read = """query Q($id: ID!) { customer(id: $id) {
      numberOfOrders amountSpent { amount } lastOrder { name } orders(first: 5) { nodes { name } } } }"""

    assert shop.ask(read, id=order["customer"]["id"]) == {
        "numberOfOrders": "2",
        "amountSpent": {"amount": "20.0"},
        "lastOrder": {"name": "#1002"},
        "orders": {"nodes": [{"name": "#1001"}, {"name": "#1002"}]},
    }


def test_a_customer_who_ordered_is_not_deleted(shop: Shop) -> None:
    delete = "mutation M($id: ID!) { customerDelete(input: {id: $id}) { deletedCustomerId userErrors { message } } }"
    ordered = shop.place_order(email="ada@example.com")["customer"]["id"]
    other = shop.ask(CREATE, input={"email": "ben@example.com"})["customer"]["id"]

    assert shop.ask(delete, id=ordered)["deletedCustomerId"] is None
    assert shop.ask(delete, id=other)["deletedCustomerId"] == other


def test_a_customer_is_found_by_address_name_and_tag(shop: Shop) -> None:
    shop.ask(CREATE, input={"email": "zoe@example.com", "firstName": "Zoe", "tags": ["trade"]})
    search = "query Q($query: String) { customers(first: 5, query: $query) { nodes { displayName } } }"

    for query in ("email:zoe@example.com", "first_name:Zoe", "tag:trade", "zoe"):
        assert shop.ask(search, query=query)["nodes"] == [{"displayName": "Zoe"}]
