"""Lambda ERP holds the retailer of the catalogue, and books an order for it exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.sandbox.catalogue import load_catalogue
from tests.processes import ProcessFailedError, run, start

pytestmark = pytest.mark.counterpart
MODULE = "deployments.sandbox.lambda_erp"


def test_items_customers_warehouses_and_tax_accounts_are_those_of_the_catalogue(books: httpx.Client) -> None:
    catalogue = load_catalogue()
    known = {variant.sku for product in catalogue.products if product.in_erp for variant in product.variants}
    assert _names(books, "item") == known | {"SHIPPING", "TIP", "DUTY", "ROUNDING"}
    assert {customer.code for customer in catalogue.customers} <= _names(books, "customer")
    assert {f"{place.code} - NORT" for place in catalogue.locations_of("north")} <= _names(books, "warehouse")
    taxes = {f"{tax.code} - SOUT" for tax in catalogue.taxes if tax.in_erp}
    assert taxes <= _names(books, "account")


def test_an_order_is_submitted_with_its_taxes_to_the_cent_and_refused_a_second_time(books: httpx.Client) -> None:
    order = _order("north:1")
    created = books.post("documents/sales-order", json=order)
    assert created.status_code == 200, created.text
    submitted = books.post(f"documents/sales-order/{created.json()['name']}/submit").json()
    assert submitted["docstatus"] == 1
    assert submitted["grand_total"] == 26.98  # 20.00 + 5.95 + tax 1.04 - rounding 0.01
    assert books.post("documents/sales-order", json=order).status_code == 409


def test_without_the_key_nothing_is_answered(books: httpx.Client) -> None:
    assert httpx.get(books.base_url.join("masters/item")).status_code == 401
    refused = httpx.get(books.base_url.join("masters/item"), headers={"Authorization": "Bearer wrong"})
    assert refused.status_code == 401


def test_seeding_never_overwrites_a_database(tmp_path: Path) -> None:
    file = tmp_path / "there.db"
    file.write_text("precious")
    with pytest.raises(ProcessFailedError, match=r"there\.db exists already"):
        run(MODULE, "seed", "--database", str(file))
    assert file.read_text() == "precious"


def test_a_database_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailedError, match=r"none\.db does not exist; make it with `seed --database`"):
        start(MODULE, "serve", "--database", str(tmp_path / "none.db"), workspace=tmp_path)


def _names(books: httpx.Client, kind: str) -> set[str]:
    return {row["name"] for row in books.get(f"masters/{kind}", params={"limit": 1000}).json()["rows"]}


def _order(reference: str) -> dict[str, Any]:
    return {
        "customer": "C001",
        "company": "NORTH",
        "currency": "USD",
        "external_source": "crossdock",
        "external_reference": reference,
        "items": [
            {"item_code": "TEE-WHI-S", "qty": 3, "rate": 6.666667, "warehouse": "DC-EAST - NORT"},
            {"item_code": "SHIPPING", "qty": 1, "rate": 5.95},
        ],
        "taxes": [
            {"charge_type": "Actual", "account_head": "US-NY-STATE - NORT", "description": "NY", "tax_amount": 1.04},
            {"charge_type": "Actual", "account_head": "Round Off - NORT", "description": "Cents", "tax_amount": -0.01},
        ],
    }
