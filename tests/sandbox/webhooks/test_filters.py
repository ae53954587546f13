"""Webhook filters and field lists, in Shopify's search syntax."""

from __future__ import annotations

import pytest

from deployments.sandbox.shopify.webhooks.filters import keep_fields, matches

BODY = {
    "id": 7,
    "total_price": "120.00",
    "tags": "b2b, vip",
    "test": False,
    "note": None,
    "customer": {"id": 5, "email": "ada@example.com"},
    "line_items": [{"sku": "TEE-S", "quantity": 2}, {"sku": "HAT", "quantity": 1}],
}


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        (None, True),
        ("total_price:>=100", True),
        ("total_price:>120.00", False),
        ("total_price:<200 AND test:false", True),
        ("tags:vip", True),
        ("tags:VIP", False),
        ("-tags:vip", False),
        ("customer.email:ada@example.com", True),
        ("line_items.sku:HAT", True),
        ("line_items.quantity:>5 OR customer.id:5", True),
        ('tags:"b2b, vip"', True),
        ("note:*", False),
        ("customer.id:*", True),
        ("no_such_field:1", False),
        ("-no_such_field:1", False),
    ],
)
def test_a_filter_lets_through_what_it_describes(text: str | None, passes: bool) -> None:
    assert matches(text, BODY) is passes


def test_a_field_list_keeps_whole_fields_and_parts_of_entries() -> None:
    assert keep_fields(BODY, ["id", "line_items.sku", "customer.id", "nonsense"]) == {
        "id": 7,
        "line_items": [{"sku": "TEE-S"}, {"sku": "HAT"}],
        "customer": {"id": 5},
    }
