"""Metafields: all of a set or none, guarded by a digest, silent about their owners."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify.asking import Shop

SET = """mutation M($rows: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $rows) { metafields { id value compareDigest } userErrors { field message code } }
}"""
READ = """query Q($id: ID!) { order(id: $id) {
  metafield(namespace: "erp", key: "number") { value type }
  metafields(first: 5, namespace: "erp") { nodes { key } }
} }"""


@pytest.fixture
def order_id(shop: Shop) -> str:
    return str(shop.place_order()["id"])


def row(owner: str, key: str = "number", value: str = "SO-1", **more: Any) -> dict[str, Any]:
    return {"ownerId": owner, "namespace": "erp", "key": key, "type": "single_line_text_field", "value": value, **more}


def test_a_metafield_is_written_read_and_overwritten(shop: Shop, order_id: str) -> None:
    shop.ask(SET, rows=[row(order_id), row(order_id, "company", "NORTH")])
    shop.ask(SET, rows=[row(order_id, value="SO-2")])

    assert shop.ask(READ, id=order_id) == {
        "metafield": {"value": "SO-2", "type": "single_line_text_field"},
        "metafields": {"nodes": [{"key": "number"}, {"key": "company"}]},
    }


def test_writing_a_metafield_is_no_news_of_the_order(shop: Shop, order_id: str) -> None:
    before = shop.record(order_id)["updatedAt"]
    shop.changes.clear()
    shop.later(hours=1)

    shop.ask(SET, rows=[row(order_id)])

    assert shop.record(order_id)["updatedAt"] == before
    assert shop.topics() == []


def test_one_bad_row_stops_the_whole_set(shop: Shop, order_id: str) -> None:
    answer = shop.ask(SET, rows=[row(order_id), row("gid://shopify/Order/404"), row(order_id, "n", "x")])

    assert answer["metafields"] == []
    assert answer["userErrors"] == [
        {"field": ["metafields", "1", "ownerId"], "message": "Owner does not exist.", "code": "INVALID_VALUE"},
        {
            "field": ["metafields", "2", "key"],
            "message": "Key is too short (minimum is 2 characters)",
            "code": "TOO_SHORT",
        },
    ]
    assert shop.ask(READ, id=order_id)["metafield"] is None


def test_at_most_25_fit_in_a_set(shop: Shop, order_id: str) -> None:
    def write(count: int) -> list[str]:
        answer = shop.ask(SET, rows=[row(order_id, f"key{number}") for number in range(count)])
        return [error["code"] for error in answer["userErrors"]]

    assert write(26) == ["LESS_THAN_OR_EQUAL_TO"]
    assert write(25) == []


def test_a_digest_that_is_no_longer_true_refuses_the_write(shop: Shop, order_id: str) -> None:
    [first] = shop.ask(SET, rows=[row(order_id, compareDigest=None)])["metafields"]

    again = shop.ask(SET, rows=[row(order_id, value="SO-2", compareDigest=None)])
    right = shop.ask(SET, rows=[row(order_id, value="SO-2", compareDigest=first["compareDigest"])])
    stale = shop.ask(SET, rows=[row(order_id, value="SO-3", compareDigest=first["compareDigest"])])

    assert [error["code"] for error in again["userErrors"]] == ["STALE_OBJECT"]
    assert right["userErrors"] == []
    assert [error["code"] for error in stale["userErrors"]] == ["STALE_OBJECT"]


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("number_integer", "many", "Value must be an integer."),
        ("boolean", "yes", "Value must be true or false."),
        ("date", "5 October", "Value must be in YYYY-MM-DD format."),
        ("single_line_text_field", "two\nlines", "Value must be a single line text string."),
        ("single_line_text_field", "", "Value can't be blank."),
    ],
)
def test_a_value_must_fit_its_type(shop: Shop, order_id: str, kind: str, value: str, message: str) -> None:
    answer = shop.ask(SET, rows=[row(order_id, value=value, type=kind)])

    assert [error["message"] for error in answer["userErrors"]] == [message]


def test_without_a_namespace_a_metafield_is_the_apps_own(shop: Shop, order_id: str) -> None:
    given = row(order_id)
    del given["namespace"]
    shop.ask(SET, rows=[given])

    read = 'query Q($id: ID!) { order(id: $id) { metafield(key: "number") { namespace } } }'
    assert shop.ask(read, id=order_id)["metafield"]["namespace"].startswith("app--")


def test_a_metafield_is_deleted_by_name(shop: Shop, order_id: str) -> None:
    shop.ask(SET, rows=[row(order_id)])
    delete = """mutation M($rows: [MetafieldIdentifierInput!]!) {
      metafieldsDelete(metafields: $rows) { deletedMetafields { key } userErrors { message } } }"""
    named = {"ownerId": order_id, "namespace": "erp", "key": "number"}

    assert shop.ask(delete, rows=[named, {**named, "key": "other"}])["deletedMetafields"] == [{"key": "number"}, None]
    assert shop.ask(READ, id=order_id)["metafield"] is None


def test_the_namespace_of_another_app_is_not_ours_to_write(shop: Shop, order_id: str) -> None:
    answer = shop.ask(SET, rows=[{**row(order_id), "namespace": "app--1--erp"}])

    assert [(error["field"], error["code"]) for error in answer["userErrors"]] == [
        (["metafields", "0"], "APP_NOT_AUTHORIZED")
    ]
