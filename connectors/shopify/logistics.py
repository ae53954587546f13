"""The `FulfillmentChannel` of one shop."""

from collections.abc import Mapping, Sequence

import httpx

from canonical.errors import RejectedError
from canonical.fulfillment import Parcel
from canonical.money import Money
from canonical.outcomes import Outcome
from canonical.ports.aftersales import FulfillmentWrite, OrderLogistics
from canonical.ports.budget import CostBudget
from canonical.records import Message
from connectors.shopify.access import FULFILLMENT_SCOPES, check_access
from connectors.shopify.aftersales_writing import outcome
from connectors.shopify.client import ShopifyClient, open_client
from connectors.shopify.identify import fulfillment_order_in, shipping_order_in
from connectors.shopify.logistics_cancelling import Canceller
from connectors.shopify.logistics_capturing import capture_up_to
from connectors.shopify.logistics_moving import Mover
from connectors.shopify.logistics_reading import owners_of, read_states
from connectors.shopify.settings import ShopifySettings
from connectors.shopify.shipping import Shipper
from connectors.shopify.shipping_tracking import set_tracking, tell_event


class ShopifyLogistics:
    """What is to be shipped, what was, and what is undone, of one shop."""

    def __init__(self, shop: str, domain: str, client: ShopifyClient) -> None:
        self.shop, self._domain, self._client = shop, domain, client
        self._shipper, self._mover, self._canceller = Shipper(client), Mover(client), Canceller(client)

    @property
    def notices(self) -> frozenset[str]:
        """What an operator should know: another API version served, deprecated calls."""
        return frozenset(self._client.notices)

    def order_id_of(self, message: Message) -> str | None:
        """As `FulfillmentChannel.order_id_of`."""
        return shipping_order_in(message.topic, message.body)

    def fulfillment_order_id_of(self, message: Message) -> str:
        """As `FulfillmentChannel.fulfillment_order_id_of`."""
        found = fulfillment_order_in(message.body)
        if found is None:
            raise RejectedError(
                "the message names no fulfillment order",
                code="fulfillment_order_unknown",
                document=message.delivery_key,
                field="fulfillment_order.id",
                way_out="Nothing is lost: the order is read again with its next message or look.",
            )
        return found

    async def order_ids_of(self, fulfillment_order_ids: Sequence[str]) -> Mapping[str, str]:
        """As `FulfillmentChannel.order_ids_of`, 250 a call."""
        return await owners_of(self._client, fulfillment_order_ids)

    async def read_logistics(self, order_ids: Sequence[str]) -> Mapping[str, OrderLogistics]:
        """As `FulfillmentChannel.read_logistics`, 50 orders a call."""
        states = await read_states(self._client, order_ids)
        return {order_id: state.logistics for order_id, state in states.items()}

    async def fulfill(self, writes: Sequence[FulfillmentWrite]) -> list[Outcome[str]]:
        """As `FulfillmentChannel.fulfill`: one read for 50 orders, then one call a parcel."""
        return await self._shipper.fulfill(writes)

    async def update_tracking(self, fulfillment_id: str, parcel: Parcel, *, notify: bool = False) -> Outcome[str]:
        """As `FulfillmentChannel.update_tracking`."""
        return await outcome(set_tracking(self._client, fulfillment_id, parcel, notify=notify))

    async def delivery_event(self, fulfillment_id: str, status: str, happened_at: str) -> Outcome[str]:
        """As `FulfillmentChannel.delivery_event`."""
        return await outcome(tell_event(self._client, fulfillment_id, status, happened_at))

    async def move(self, fulfillment_order_id: str, location_id: str, lines: Mapping[str, int] | None) -> Outcome[str]:
        """As `FulfillmentChannel.move`."""
        return await outcome(self._mover.move(fulfillment_order_id, location_id, lines))

    async def hold(self, fulfillment_order_id: str, reason: str, handle: str) -> Outcome[str]:
        """As `FulfillmentChannel.hold`."""
        return await outcome(self._mover.hold(fulfillment_order_id, reason, handle))

    async def release(self, fulfillment_order_id: str, handle: str | None = None) -> Outcome[str]:
        """As `FulfillmentChannel.release`."""
        return await outcome(self._mover.release(fulfillment_order_id, handle))

    async def cancel_order(
        self, order_id: str, reason: str, *, restock: bool, refund: bool, notify: bool = False
    ) -> Outcome[str]:
        """As `FulfillmentChannel.cancel_order`."""
        return await outcome(self._canceller.cancel(order_id, reason, restock=restock, refund=refund, notify=notify))

    async def capture(self, order_id: str, parent_id: str, total: Money) -> Outcome[str]:
        """As `FulfillmentChannel.capture`."""
        return await outcome(capture_up_to(self._client, order_id, parent_id, total))

    async def check(self) -> None:
        """Raises `MisconfiguredError` naming the scopes that are missing, or when another shop answers."""
        await check_access(self._client, self._domain, FULFILLMENT_SCOPES)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def open_logistics(
    shop: str,
    settings: ShopifySettings,
    *,
    network: httpx.AsyncBaseTransport | None = None,
    budget: CostBudget | None = None,
) -> ShopifyLogistics:
    """The shipping side of a shop; connects at the first call. `network` and `budget` are replaced by tests."""
    return ShopifyLogistics(shop, settings.domain, open_client(settings, network=network, budget=budget))
