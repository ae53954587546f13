"""A webhook and a read of the same order give the same canonical order, for every kind of order there is."""

import pytest

from canonical.order import Order, RiskAdvice
from canonical.party import PurchasingCompany
from canonical.records import Delivery, Message
from canonical.states import MessageState
from connectors.shopify.channel import ShopifyChannel
from connectors.shopify.translator import ShopifyTranslator
from connectors.shopify.webhooks import ShopifyWebhooks
from tests.contract.channel.conftest import StandIn
from tests.contract.channel.receiver import Receiver

pytestmark = pytest.mark.counterpart
COUNT = 120
ONLY_READ = ("risk", "transactions", "fulfillment_orders")
"""What a webhook does not have."""


def message(delivery: Delivery) -> Message:
    fields = delivery.model_dump() | {"seq": 1, "received_at": delivery.occurred_at, "state": MessageState.CLAIMED}
    return Message.model_validate(fields)


def comparable(order: Order) -> Order:
    """The order without what webhooks lack. Names of a business customer are among that: only ids are told."""
    company = order.company
    ids = company and (company.id, company.location and company.location.id)
    bare = PurchasingCompany(id=ids[0], name=str(ids[1])) if ids else None
    lacking = {"risk": RiskAdvice.NONE, "transactions": (), "fulfillment_orders": (), "company": bare}
    return order.model_copy(update=lacking)


@pytest.mark.parametrize("profile", ["bookable", "mixed", "hostile"])
async def test_both_ways_lead_to_the_same_order(
    stand_in: StandIn, channel: ShopifyChannel, source: ShopifyWebhooks, receiver: Receiver, profile: str
) -> None:
    await channel.subscribe(["orders/create"], receiver.uri)
    stand_in.place(COUNT, profile, seed=11)
    arrived = receiver.wait_for(COUNT)
    assert all(source.verify(headers, body) for headers, body in arrived)
    deliveries = [source.delivery(headers, body) for headers, body in arrived]

    translator = ShopifyTranslator()
    told = [translator.order_of(message(delivery)) for delivery in deliveries]
    orders = [order for order in told if order is not None]
    answers = await channel.read_orders([order.id for order in orders])
    read = {order_id: answer for order_id, answer in answers.items() if isinstance(answer, Order)}
    assert len(orders) == len(read) == COUNT
    for order in orders:
        assert comparable(order) == comparable(read[order.id])
    for delivery, order in zip(deliveries, orders, strict=True):
        assert delivery.aggregate_key == f"{stand_in.shop}:order:{order.id}"
        assert translator.order_id_of(message(delivery)) == order.id

    completed = await channel.complete_orders(orders)
    assert completed == [read[order.id] for order in orders]
