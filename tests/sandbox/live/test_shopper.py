"""What a shopper does in the stand-in comes true there, over its own API; and the witness reads it as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from deployments.sandbox.live.basket import Basket
from deployments.sandbox.live.shop_admin import ShopAdmin, ShopRefusedError
from deployments.sandbox.live.shopper import Order, Shopper
from deployments.stack.ledgers import Ledgers, OrderLedger, shop_ledgers
from tests.processes import RunningProcess, running

NORTH, SOUTH, SECRET = "north.myshopify.com", "south.myshopify.com", "a-secret-of-the-tests"
TEE, MUG = "TEE-WHI-S", "MUG-WHT"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProcess]:
    arguments = ("--client-secret", SECRET, "--webhook-time-scale", "0.001")
    with running("deployments.sandbox.shopify", *arguments, workspace=tmp_path_factory.mktemp("shopify")) as process:
        yield process


@pytest.fixture
async def shopper(stand_in: RunningProcess) -> AsyncIterator[Shopper]:
    opened = Shopper(ShopAdmin(stand_in.url, SECRET))
    yield opened
    await opened.aclose()


def control(stand_in: RunningProcess, verb: str, path: str, body: object = None) -> Any:
    """A question to the stand-in itself."""
    return httpx.request(verb, f"{stand_in.url}/_sandbox/{path}", json=body, timeout=30).json()


def page(stand_in: RunningProcess, order: Order) -> OrderLedger:
    """What the witness reads."""
    kept = control(stand_in, "GET", f"state/{order.domain}")
    shop = order.domain.partition(".")[0]
    return shop_ledgers(shop, kept, Ledgers("shopify"))[shop, order.id]


async def test_chosen_goods_are_bought_taxed_and_paid(shopper: Shopper, stand_in: RunningProcess) -> None:
    order = await shopper.buy(NORTH, Basket({TEE: 2, MUG: 1}))
    found = page(stand_in, order)
    assert (found.ordered, found.shipped, found.cancelled) == ({TEE: 2, MUG: 1}, {}, False)
    assert found.paid == found.total > Decimal("50")
    held = await shopper.buy(SOUTH, Basket({TEE: 1}, authorized=True))
    assert page(stand_in, held).paid == 0
    assert (await shopper.look(held))["displayFinancialStatus"] == "AUTHORIZED"


async def test_an_order_is_edited_and_cancelled(shopper: Shopper, stand_in: RunningProcess) -> None:
    order = await shopper.buy(NORTH, Basket({TEE: 2}))
    before = page(stand_in, order)
    await shopper.edit(order, {TEE: 1}, add={MUG: 1})
    lines = {row["sku"]: row["currentQuantity"] for row in (await shopper.look(order))["lineItems"]["nodes"]}
    assert lines == {TEE: 1, MUG: 1}
    await shopper.cancel(order)
    for _ in range(100):
        if page(stand_in, order).cancelled:
            break
    after = page(stand_in, order)
    assert (after.cancelled, after.refunded) == (True, before.paid)
    with pytest.raises(ShopRefusedError):
        await shopper.cancel(order)


async def test_what_was_shipped_by_hand_can_be_returned_and_refunded_and_nothing_more(
    shopper: Shopper, stand_in: RunningProcess
) -> None:
    order = await shopper.buy(NORTH, Basket({TEE: 2, MUG: 1}))
    with pytest.raises(ShopRefusedError, match="has not been shipped"):
        await shopper.ask_return(order, {TEE: 1})
    await shopper.ship_by_hand(order, "UPS", "1Z999AA10123456784")
    assert (await shopper.shipped(order), page(stand_in, order).shipped) == ({TEE: 2, MUG: 1},) * 2
    asked = await shopper.ask_return(order, {TEE: 1})
    assert asked.name == f"{order.name}-R1"
    opened = await shopper.open_return(order, {MUG: 1}, exchange={TEE: 1})
    assert opened.id != asked.id
    with pytest.raises(ShopRefusedError, match="has not been shipped"):
        await shopper.ask_return(order, {TEE: 3})
    await shopper.refund(order, {TEE: 1})
    assert 0 < page(stand_in, order).refunded < page(stand_in, order).paid
    assert await shopper.delivered(order) == 1


async def test_the_staff_spend_a_bucket_of_their_own_and_are_told_apart(
    shopper: Shopper, stand_in: RunningProcess
) -> None:
    await shopper.buy(NORTH, Basket({TEE: 1}))
    asked = control(stand_in, "GET", "requests?root=orderCreate")["requests"]
    assert {row["app"] for row in asked} == {"shop-admin"}
    drained = control(stand_in, "POST", "buckets/drain", {"shop": NORTH})
    assert drained["currentlyAvailable"] < 100
    assert await shopper.look(await shopper.buy(NORTH, Basket({TEE: 1})))
