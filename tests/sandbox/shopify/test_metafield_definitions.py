"""Definitions of metafields, and how they are refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shopify.asking import Shop

DEFINE = """mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) { createdDefinition { key } userErrors { field message code } }
}"""
GIVEN = {
    "name": "Source key",
    "namespace": "crossdock",
    "key": "source_key",
    "type": "id",
    "ownerType": "PRODUCT",
    "capabilities": {"uniqueValues": {"enabled": True}},
}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"namespace": "ab"}, "namespace", "TOO_SHORT"),
        ({"key": "a"}, "key", "TOO_SHORT"),
        ({"key": "source key"}, "key", "INVALID_CHARACTER"),
        ({"name": "x" * 256}, "name", "TOO_LONG"),
        ({"capabilities": None}, None, "CAPABILITY_REQUIRED_BUT_DISABLED"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(
    shop: Shop, changes: dict[str, Any], field: str | None, code: str
) -> None:
    answer = shop.ask(DEFINE, definition=GIVEN | changes)
    (error,) = answer["userErrors"]
    assert (error["field"], error["code"]) == (["definition", field] if field else ["definition"], code)
    assert answer["createdDefinition"] is None


def test_a_key_is_defined_once_an_owner_type(shop: Shop) -> None:
    first = shop.ask(DEFINE, definition=GIVEN)
    again = shop.ask(DEFINE, definition=GIVEN)
    other = shop.ask(DEFINE, definition=GIVEN | {"ownerType": "ORDER"})
    assert first["createdDefinition"] == other["createdDefinition"] == {"key": "source_key"}
    assert [error["code"] for error in again["userErrors"]] == ["TAKEN"]
