"""What Tryton's own books show after the connector was there: liabilities, payments, roundings, reservations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from canonical.booking import BookingLineKind, DocumentStatus, Tender
from canonical.errors import HeldError
from canonical.outcomes import Failed, Settled
from canonical.ports import SalesOrders
from connectors.tryton.client import TrytonClient
from connectors.tryton.settings import TrytonSettings
from tests.contract.erp.conftest import booked
from tests.contract.erp.counterpart import TrytonCounterpart
from tests.contract.erp.documents import NEW_YORK, document, line, party, plain, tax, usd
from tests.counterparts import TRYTON_DATABASE, tryton
from tests.processes import RunningProcess
from tests.sandbox.tryton.rpc import PASSWORD, Tryton

pytestmark = pytest.mark.counterpart
NEW_YORK_TAXES = (("US-NY-STATE", "0.04"), ("US-NY-CITY", "0.045"), ("US-NY-MCTD", "0.00375"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProcess]:
    """Tryton on a fresh demo database."""
    with tryton(tmp_path_factory.mktemp("tryton")) as process:
        yield process


@pytest.fixture
async def erp(server: RunningProcess) -> AsyncIterator[SalesOrders]:
    """The connector of the company that books the shop `north`."""
    port = TrytonCounterpart(server, TRYTON_DATABASE).connect()
    yield port
    await port.aclose()


@pytest.fixture
def books(server: RunningProcess) -> Iterator[Tryton]:
    """Tryton, asked without the connector."""
    with Tryton(server.url, TRYTON_DATABASE, "connector-north") as client:
        yield client


async def test_the_invoice_comes_to_the_orders_total_with_base_and_tax_by_tax_code(
    erp: SalesOrders, books: Tryton
) -> None:
    taxes = tuple(tax(code, rate, str(_cents("19.99", rate))) for code, rate in NEW_YORK_TAXES)
    order = document(line(net="19.99", quantity=1, taxes=taxes), plain(BookingLineKind.SHIPPING, "SHIPPING", "5.95"))
    (result,) = await booked(erp, order)
    (invoice,) = books.find("account.invoice", [("sales", "=", int(result.id))], ["total_amount", "taxes", "state"])
    assert (invoice["total_amount"], invoice["state"]) == (order.total.amount, "draft")
    rows = books.call("model.account.invoice.tax.read", invoice["taxes"], ["tax.name", "base", "amount"])
    assert {row["tax."]["name"]: row["base"] for row in rows} == dict.fromkeys(
        (code for code, _ in NEW_YORK_TAXES), Decimal("19.99")
    )


async def test_the_cents_stand_on_one_line_by_name_and_are_told_with_the_document(
    erp: SalesOrders, books: Tryton
) -> None:
    order = document(line(net="19.99", taxes=(tax("US-NY-STATE", "0.04", "0.79"),)))
    (result,) = await booked(erp, order)
    assert result.rounding == usd("-0.01")
    found = await erp.find_by_key([order.key])
    assert found[order.key].rounding == usd("-0.01")
    lines = books.find("sale.line", [("sale", "=", int(result.id))], ["product.code", "amount", "description"])
    roundings = [row for row in lines if row["product."]["code"] == "ROUNDING"]
    assert [(row["amount"], row["description"]) for row in roundings] == [
        (Decimal("-0.01"), "Rounding difference to the order's total")
    ]


async def test_a_sold_gift_card_is_a_liability_and_a_redeemed_one_a_payment_against_it(
    erp: SalesOrders, books: Tryton
) -> None:
    order = document(line(taxes=()), plain(BookingLineKind.GIFT_CARD_SOLD, "GIFT-25", "25.00"))
    tenders = (
        Tender(key="t1", method="gift_card", amount=usd("30.00"), captured=True),
        Tender(key="t2", method="shopify_payments", amount=usd("43.00"), captured=True),
    )
    (result,) = await booked(erp, order.model_copy(update={"tenders": tenders}))
    sale = int(result.id)
    posted = books.find("account.invoice.line", [("origin.sale", "=", sale, "sale.line")], ["account.name", "amount"])
    liability = [row["amount"] for row in posted if row["account."]["name"] == "Gift cards outstanding"]
    assert liability == [Decimal("25.00")]
    payments = books.find(
        "account.payment",
        [("origin", "=", f"sale.sale,{sale}")],
        ["amount", "journal.name", "journal.clearing_account.name"],
    )
    redeemed = next(row for row in payments if row["journal."]["name"] == "gift_card")
    assert redeemed["amount"] == Decimal("30.00")
    assert redeemed["journal."]["clearing_account."]["name"] == "Gift cards outstanding"
    assert sum(row["amount"] for row in payments) == order.total.amount


async def test_a_customers_address_is_kept_once_however_often_they_order(erp: SalesOrders, books: Tryton) -> None:
    shopper = party()
    elsewhere = NEW_YORK.model_copy(update={"line1": "2 Pier", "name": "Ben Marsh"})
    orders = [document(party=shopper), document(party=shopper), document(party=shopper, shipping_address=elsewhere)]
    results = [(await booked(erp, order))[0] for order in orders]
    sales = books.call("model.sale.sale.read", [int(r.id) for r in results], ["party.addresses", "shipment_address"])
    assert len(sales[0]["party."]["addresses"]) == 2
    used = [sale["shipment_address"] for sale in sales]
    assert used[0] == used[1] != used[2]


async def test_a_cancelled_order_reserves_nothing_and_owes_nothing(erp: SalesOrders, books: Tryton) -> None:
    order = document(line(), plain(BookingLineKind.GIFT_CARD_SOLD, "GIFT-25", "25.00"))
    (result,) = await booked(erp, order)
    assert isinstance(await erp.cancel(order.key, "the shopper changed her mind"), Settled)
    (sale,) = books.call(
        "model.sale.sale.read", [int(result.id)], ["shipments.state", "invoices.state", "payments", "comment"]
    )
    assert {row["state"] for row in (*sale["shipments."], *sale["invoices."])} == {"cancelled"}
    assert sale["payments"] == []
    assert "the shopper changed her mind" in sale["comment"]
    cards = books.find("sale.gift_card", [("origin.sale", "=", int(result.id), "sale.line")], ["spent_on"])
    assert [card["spent_on"] for card in cards] == [f"sale.sale,{result.id}"]


@pytest.mark.parametrize("step", ["picked", "posted"])
async def test_what_is_picked_or_posted_is_not_cancelled_behind_anybodys_back(
    server: RunningProcess, erp: SalesOrders, books: Tryton, step: str
) -> None:
    order = document()
    (result,) = await booked(erp, order)
    (sale,) = books.call("model.sale.sale.read", [int(result.id)], ["shipments", "invoices"])
    if step == "picked":
        for button in ("wait", "assign_try", "pick"):
            books.call(f"model.stock.shipment.out.{button}", sale["shipments"])
    else:
        await _post(server, sale["invoices"])
    outcome = await erp.cancel(order.key, "customer")
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, HeldError)
    assert outcome.error.code == "too_late_to_cancel"
    found = await erp.find_by_key([order.key])
    assert found[order.key].status == DocumentStatus.PROCESSING


async def test_a_cancellation_that_was_interrupted_goes_on_where_it_stopped(erp: SalesOrders, books: Tryton) -> None:
    order = document()
    (result,) = await booked(erp, order)
    (sale,) = books.call("model.sale.sale.read", [int(result.id)], ["shipments", "payments"])
    books.call("model.account.payment.delete", sale["payments"])
    books.call("model.stock.shipment.out.cancel", sale["shipments"])
    outcome = await erp.cancel(order.key, "customer")
    assert isinstance(outcome, Settled)
    assert outcome.value.status == DocumentStatus.CANCELLED


async def test_a_session_that_tryton_has_forgotten_is_opened_again(server: RunningProcess) -> None:
    client = _client(server)
    assert await client.call("model.party.party.search_count", [])
    logout: dict[str, Any] = {"id": 1, "method": "common.db.logout", "params": []}
    header = {"Authorization": f"Session {client._session}"}
    async with httpx.AsyncClient(base_url=f"{server.url}/{TRYTON_DATABASE}", headers=header) as direct:
        (await direct.post("/rpc/", json=logout)).raise_for_status()
    assert await client.call("model.party.party.search_count", [])
    await client.aclose()


async def test_a_real_warning_is_acknowledged_or_holds_as_the_settings_say(
    server: RunningProcess, erp: SalesOrders, books: Tryton
) -> None:
    (result,) = await booked(erp, document())
    (sale,) = books.call("model.sale.sale.read", [int(result.id)], ["invoices"])
    future = {"__class__": "date", "year": 2027, "month": 1, "day": 5}
    books.call("model.account.invoice.write", sale["invoices"], {"invoice_date": future})
    careful = _client(server, hold_on_warnings=("*",))
    with pytest.raises(HeldError) as caught:
        await careful.call("model.account.invoice.post", sale["invoices"], document="#1")
    assert caught.value.code == "erp_warning"
    await _post(server, sale["invoices"])
    (invoice,) = books.call("model.account.invoice.read", sale["invoices"], ["state"])
    assert invoice["state"] == "posted"
    await careful.aclose()


def _client(server: RunningProcess, **changes: Any) -> TrytonClient:
    url = f"{server.url}/{TRYTON_DATABASE}"
    return TrytonClient(TrytonSettings(**{"url": url, "login": "connector-north", "password": PASSWORD, **changes}))


async def _post(server: RunningProcess, invoices: list[int]) -> None:
    """Post as a person would who says yes to every warning."""
    clerk = _client(server)
    await clerk.call("model.account.invoice.post", invoices)
    await clerk.aclose()


def _cents(net: str, rate: str) -> Decimal:
    return (Decimal(net) * Decimal(rate)).quantize(Decimal("0.01"))
