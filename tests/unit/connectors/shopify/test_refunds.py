"""Reading and making refunds with a shop that answers as scripted."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from canonical.money import Money
from canonical.outcomes import Failed, Settled
from canonical.ports.aftersales import RefundWrite, Tender
from connectors.shopify import aftersales_writing
from connectors.shopify.returns import ShopifyReturns, open_returns
from connectors.shopify.returns_changing import mark_of
from tests.unit.connectors.shopify.aftersales import bag, page
from tests.unit.connectors.shopify.scripted import ScriptedShop, settings

SALE = {
    "id": "gid://shopify/OrderTransaction/1",
    "kind": "SALE",
    "status": "SUCCESS",
    "gateway": "card",
    "amountSet": bag("120.00", "100.00"),
    "parentTransaction": None,
}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aftersales_writing, "PAUSES", (0.0,))


@pytest.fixture
def shop() -> ScriptedShop:
    return ScriptedShop()


@pytest.fixture
async def returns(shop: ScriptedShop) -> AsyncIterator[ShopifyReturns]:
    opened = open_returns("north", settings(), network=httpx.MockTransport(shop.handle))
    yield opened
    await opened.aclose()


def paid_back(status: str = "SUCCESS", kind: str = "REFUND") -> dict[str, Any]:
    parent = {"id": SALE["id"]}
    money = {"amountSet": bag("12.00", "10.00"), "gateway": "card", "parentTransaction": parent}
    return {"id": "gid://shopify/OrderTransaction/2", "kind": kind, "status": status, **money}


def refund(*, note: str | None = None, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "id": "gid://shopify/Refund/3",
        "createdAt": "2026-11-20T10:00:00Z",
        "note": note,
        "return": None,
        "totalRefundedSet": bag("12.00", "10.00"),
        "refundLineItems": page(),
        "refundShippingLines": page(),
        "duties": [],
        "orderAdjustments": page(),
        "transactions": page([paid_back()]),
    }
    return {**given, **changes}


def order(*refunds: dict[str, Any], net: str = "100.00") -> dict[str, Any]:
    node = {
        "id": "gid://shopify/Order/5",
        "name": "#1001",
        "cancelledAt": None,
        "currencyCode": "USD",
        "presentmentCurrencyCode": "EUR",
        "netPaymentSet": bag("120.00", net),
        "transactions": [SALE],
        "refunds": list(refunds),
    }
    return {"nodes": [node]}


def write(amount: str = "10.00", currency: str = "EUR") -> RefundWrite:
    tender = Tender("1", "card", Money.of(amount, currency))
    return RefundWrite("k1", "5", None, {"10": (1, None), "11": (2, "7")}, None, (tender,), note="Damaged")


async def test_every_part_of_a_refund_is_read_in_both_currencies(shop: ScriptedShop, returns: ShopifyReturns) -> None:
    line = {
        "quantity": 2,
        "restockType": "RETURN",
        "restocked": True,
        "subtotalSet": bag("6.00", "5.00"),
        "totalTaxSet": bag("1.20", "1.00"),
        "lineItem": {"id": "gid://shopify/LineItem/10"},
        "location": {"id": "gid://shopify/Location/7"},
    }
    told = refund(
        refundLineItems=page([line]),
        refundShippingLines=page([{"subtotalAmountSet": bag("2.40", "2.00"), "taxAmountSet": bag("0.60", "0.50")}]),
        duties=[{"amountSet": bag("1.20", "1.00")}, {"amountSet": bag("1.20", "1.00")}],
        orderAdjustments=page([{"amountSet": bag("-0.60", "-0.50"), "taxAmountSet": bag("0.00", "0.00")}]),
        transactions=page([paid_back(), paid_back("FAILURE"), paid_back(kind="VOID")]),
    )
    told["return"] = {"id": "gid://shopify/Return/8"}
    shop.on("ReadRefunds", order(told))
    (read,) = (await returns.read_refunds(["5"]))["5"]
    (back,) = read.lines
    assert (back.line_id, back.quantity, back.restock, back.location_id) == ("10", 2, True, "7")
    assert (str(back.subtotal.shop), str(back.tax.presentment)) == ("6.00 USD", "1.00 EUR")
    assert read.shipping is not None
    assert read.shipping_tax is not None
    assert read.duties is not None
    assert (str(read.shipping.presentment), str(read.shipping_tax.shop)) == ("2.00 EUR", "0.60 USD")
    assert str(read.duties.presentment) == "2.00 EUR"
    assert [one.presentment.amount for one in read.adjustments] == [Decimal("-0.50")]
    assert (len(read.transactions), read.transactions[0].parent_id, read.return_id) == (1, "1", "8")


async def test_a_refund_states_the_currency_the_parents_and_where_goods_go(
    shop: ScriptedShop, returns: ShopifyReturns
) -> None:
    made = order(refund(note=f"Damaged {mark_of('k1')}"))
    shop.on("ReadRefunds", order(), order(), made)
    shop.on("CreateRefund", {"refundCreate": {"refund": {"id": "gid://shopify/Refund/3"}, "userErrors": []}})
    outcome = await returns.refund(write())
    assert isinstance(outcome, Settled)
    assert outcome.value.id == "3"
    (sent,) = shop.asked_for("CreateRefund")
    given = sent["input"]
    assert (given["currency"], given["transactions"][0]["parentId"]) == ("EUR", "gid://shopify/OrderTransaction/1")
    assert [(one["restockType"], one.get("locationId")) for one in given["refundLineItems"]] == [
        ("NO_RESTOCK", None),
        ("RETURN", "gid://shopify/Location/7"),
    ]


async def test_a_refund_that_its_note_shows_is_not_made_again(shop: ScriptedShop, returns: ShopifyReturns) -> None:
    shop.on("ReadRefunds", order(refund(note=f"Damaged {mark_of('k1')}")))
    assert isinstance(await returns.refund(write()), Settled)
    assert shop.asked_for("CreateRefund") == []


async def test_the_same_refund_has_the_same_key_and_one_decided_on_other_figures_another(
    shop: ScriptedShop, returns: ShopifyReturns
) -> None:
    shop.on("CreateRefund", httpx.Response(503))
    for node in (order(), order(), order(refund())):
        shop.on("ReadRefunds", node)
        outcome = await returns.refund(write())
        assert isinstance(outcome, Failed)
    first, second, third = (sent["key"] for sent in shop.asked_for("CreateRefund"))
    assert first == second != third


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (write("100.01"), "above_payment"),
        (write("10.00", "USD"), "currency_mismatch"),
        (write("-1.00"), "amount_invalid"),
        (write("1.005"), "amount_invalid"),
    ],
)
async def test_what_may_not_be_given_back_is_refused_before_it_is_sent(
    shop: ScriptedShop, returns: ShopifyReturns, wanted: RefundWrite, code: str
) -> None:
    shop.on("ReadRefunds", order())
    outcome = await returns.refund(wanted)
    assert isinstance(outcome, Failed)
    assert outcome.error.code == code
    assert shop.asked_for("CreateRefund") == []
