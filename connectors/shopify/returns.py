"""The `ReturnChannel` of one shop."""

from collections.abc import Mapping, Sequence

import httpx

from canonical.errors import RejectedError
from canonical.outcomes import Outcome
from canonical.ports.aftersales import RefundWrite, SuggestedRefund
from canonical.ports.budget import CostBudget
from canonical.records import Message
from canonical.returns import Disposition, Refund, Return
from connectors.shopify.access import RETURN_SCOPES, check_access
from connectors.shopify.aftersales_writing import outcome
from connectors.shopify.client import ShopifyClient, open_client
from connectors.shopify.refunds_making import Refunder
from connectors.shopify.refunds_reading import read_orders, refunds_of, suggested
from connectors.shopify.returns_changing import ReturnChanger
from connectors.shopify.returns_disposing import Disposer
from connectors.shopify.returns_reading import ids_of, read_nodes, return_from, return_id_in
from connectors.shopify.settings import ShopifySettings


class ShopifyReturns:
    """What comes back to one shop, and the money for it."""

    def __init__(self, shop: str, domain: str, client: ShopifyClient) -> None:
        self.shop, self._domain, self._client = shop, domain, client
        self._changer, self._disposer = ReturnChanger(client), Disposer(client)
        self._refunder = Refunder(client, shop)

    @property
    def notices(self) -> frozenset[str]:
        """What an operator should know: another API version served, deprecated calls."""
        return frozenset(self._client.notices)

    async def read_returns(self, ids: Sequence[str]) -> Mapping[str, Return | RejectedError]:
        """As `ReturnChannel.read_returns`, 25 a call."""
        nodes = await read_nodes(self._client, ids)
        return {
            return_id: node if isinstance(node, RejectedError) else return_from(node, self.shop)
            for return_id, node in nodes.items()
        }

    async def returns_of(self, order_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """As `ReturnChannel.returns_of`, 25 orders a call."""
        return await ids_of(self._client, order_ids)

    async def read_refunds(self, order_ids: Sequence[str]) -> Mapping[str, tuple[Refund, ...]]:
        """As `ReturnChannel.read_refunds`, 25 orders a call."""
        orders = await read_orders(self._client, order_ids)
        return {order_id: refunds_of(order, self.shop) for order_id, order in orders.items()}

    def return_id_of(self, message: Message) -> str:
        """As `ReturnChannel.return_id_of`."""
        return return_id_in(message)

    async def approve(self, return_ids: Sequence[str]) -> Sequence[Outcome[str]]:
        """As `ReturnChannel.approve`."""
        return await self._changer.approve(return_ids)

    async def decline(self, return_id: str, reason: str, note: str) -> Outcome[str]:
        """As `ReturnChannel.decline`."""
        return await outcome(self._changer.decline(return_id, reason, note))

    async def open_return(self, key: str, order_id: str, lines: Mapping[str, int], reason: str) -> Outcome[str]:
        """As `ReturnChannel.open_return`."""
        return await outcome(self._changer.open_return(key, order_id, lines, reason))

    async def dispose(
        self, return_id: str, dispositions: Sequence[tuple[str, int, Disposition, str | None]]
    ) -> Outcome[str]:
        """As `ReturnChannel.dispose`."""
        return await outcome(self._disposer.dispose(return_id, dispositions))

    async def suggested_refund(
        self, order_id: str, lines: Mapping[str, int], *, shipping: bool, duties: bool = False
    ) -> SuggestedRefund:
        """As `ReturnChannel.suggested_refund`."""
        return await suggested(self._client, order_id, lines, shipping=shipping, duties=duties)

    async def refund(self, write: RefundWrite) -> Outcome[Refund]:
        """As `ReturnChannel.refund`."""
        return await outcome(self._refunder.refund(write))

    async def close(self, return_ids: Sequence[str]) -> Sequence[Outcome[str]]:
        """As `ReturnChannel.close`."""
        return await self._changer.close(return_ids)

    async def check(self) -> None:
        """Raises `MisconfiguredError` naming the scopes that are missing, or when another shop answers."""
        await check_access(self._client, self._domain, RETURN_SCOPES)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def open_returns(
    shop: str,
    settings: ShopifySettings,
    *,
    network: httpx.AsyncBaseTransport | None = None,
    budget: CostBudget | None = None,
) -> ShopifyReturns:
    """The returns of a shop; connects at the first call. `network` and `budget` are replaced by tests."""
    return ShopifyReturns(shop, settings.domain, open_client(settings, network=network, budget=budget))
