"""The demo database holds the retailer of the catalogue, company by company."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import pytest

from deployments.sandbox.catalogue import load_catalogue
from tests.counterparts import CACHE
from tests.processes import RunningProcess, run
from tests.sandbox.tryton.rpc import Tryton, decimal

pytestmark = pytest.mark.counterpart


def test_the_demo_database_holds_the_locations_goods_taxes_and_people_of_the_catalogue(north: Tryton) -> None:
    catalogue = load_catalogue()
    warehouses = north.find("stock.location", [("type", "=", "warehouse")], ["code"])
    assert {place.code for place in catalogue.locations} <= {row["code"] for row in warehouses}
    known = {variant.sku for product in catalogue.products if product.in_erp for variant in product.variants}
    services = {"SHIPPING", "TIP", "DUTY", "ROUNDING"}
    assert {row["code"] for row in north.find("product.product", [], ["code"])} == known | services
    taxes = {row["name"]: row["rate"] for row in north.find("account.tax", [], ["name", "rate"])}
    assert taxes == {tax.code: tax.rate for tax in catalogue.taxes if tax.in_erp}
    codes = {row["code"] for row in north.find("party.party", [], ["code"])}
    assert {customer.code for customer in catalogue.customers} <= codes


def test_a_user_sees_the_taxes_and_books_of_its_own_company_only(server: RunningProcess) -> None:
    currencies = {}
    for shop in load_catalogue().shops:
        with Tryton(server.url, "erp", f"connector-{shop.code}") as client:
            (web_shop,) = client.find("web.shop", [], ["name", "currency.code"])
            currencies[web_shop["name"]] = web_shop["currency."]["code"]
            assert {row["company"] for row in client.find("account.tax", [], ["company"])} == {
                client.context["company"]
            }
    assert currencies == {"north.myshopify.com": "USD", "south.myshopify.com": "EUR"}


def test_opening_stock_is_on_hand_where_the_catalogue_says(north: Tryton) -> None:
    line = next(line for line in load_catalogue().stock_lines if line.shop == "north")
    (warehouse,) = north.find("stock.location", [("code", "=", line.location)], ["id"])
    (product,) = north.find("product.product", [("code", "=", line.sku)], ["id"])
    (row,) = north.call("model.product.product.read", [product["id"]], ["quantity"], locations=[warehouse["id"]])
    assert row["quantity"] == line.quantity


def test_an_order_with_tax_shipping_and_a_gift_card_is_booked_and_processed(north: Tryton) -> None:
    sale = _sale(north, web_id="1")
    north.call("model.sale.sale.quote", [sale])
    north.call("model.sale.sale.confirm", [sale])
    (row,) = north.call("model.sale.sale.read", [sale], ["state", "number", "total_amount", "tax_amount", "shipments"])
    assert row["state"] == "processing"
    assert row["number"]
    assert len(row["shipments"]) == 1
    assert row["tax_amount"] == Decimal("1.92")  # 4 % of two tees at 24.00, by Tryton's own arithmetic
    assert row["total_amount"] == Decimal("48.00") + Decimal("1.92") + Decimal("5.95") + Decimal("50.00")


def test_a_sold_gift_card_is_a_liability_in_the_invoice(north: Tryton) -> None:
    sale = _sale(north, web_id="2")
    north.call("model.sale.sale.quote", [sale])
    north.call("model.sale.sale.confirm", [sale])
    lines = north.find(
        "account.invoice.line",
        [("origin.sale", "=", sale, "sale.line"), ("product.gift_card", "=", True)],
        ["account.name"],
    )
    assert [row["account."]["name"] for row in lines] == ["Gift cards outstanding"]


def test_a_second_build_comes_from_the_cache(database: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    told = run("deployments.sandbox.tryton", "build", "--out", str(tmp_path / "again.sqlite"), "--cache", str(CACHE))
    assert "copied from the cache" in told
    assert time.monotonic() - started < 10
    assert (tmp_path / "again.sqlite").read_bytes() == database.read_bytes()


def _sale(north: Tryton, web_id: str) -> int:
    """A draft sale of two tees, shipping and a gift card to a customer of the catalogue."""
    (party,) = north.find("party.party", [("code", "=", "C001")], ["id", "addresses"])
    (warehouse,) = north.find("stock.location", [("code", "=", "DC-EAST")], ["id"])
    (shop,) = north.find("web.shop", [], ["id", "company", "currency"])
    taxes = [row["id"] for row in north.find("account.tax", [("name", "in", ["US-NY-STATE"])], ["id"])]
    goods = {row["code"]: row for row in north.find("product.product", [], ["id", "code", "sale_uom", "gift_card"])}
    card = next(row for row in goods.values() if row["gift_card"])

    def line(
        row: dict[str, object], quantity: float, price: str, taxes: list[int], **more: object
    ) -> dict[str, object]:
        return {
            "type": "line",
            "product": row["id"],
            "unit": row["sale_uom"],
            "quantity": quantity,
            "unit_price": decimal(price),
            "taxes": [("add", taxes)],
            **more,
        }

    issued = {
        "number": f"north/{web_id}",
        "product": card["id"],
        "value": decimal("50.00"),
        "company": shop["company"],
        "currency": shop["currency"],
    }
    lines = [
        line(goods["TEE-WHI-S"], 2.0, "24.00", taxes),
        line(goods["SHIPPING"], 1.0, "5.95", []),
        line(card, 1.0, "50.00", [], gift_cards=[("create", [issued])]),
    ]
    (sale,) = north.call(
        "model.sale.sale.create",
        [
            {
                "party": party["id"],
                "company": shop["company"],
                "currency": shop["currency"],
                "web_shop": shop["id"],
                "web_id": web_id,
                "invoice_address": party["addresses"][0],
                "shipment_address": party["addresses"][0],
                "warehouse": warehouse["id"],
                "invoice_method": "order",
                "shipment_method": "order",
                "lines": [("create", lines)],
            }
        ],
    )
    return int(sale)
