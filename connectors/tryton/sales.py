"""Sales as they stand in Tryton: found by key, read, told as booked documents, discarded when never booked."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from canonical.booking import BookedDocument, DocumentStatus
from canonical.errors import CrossdockError
from canonical.money import Money
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory
from connectors.tryton.mapper import ROUNDING_DESCRIPTION
from connectors.tryton.schemas import Sale

_STATUS = {
    "draft": DocumentStatus.DRAFT,
    "quotation": DocumentStatus.DRAFT,
    "confirmed": DocumentStatus.CONFIRMED,
    "processing": DocumentStatus.PROCESSING,
    "done": DocumentStatus.DONE,
    "cancelled": DocumentStatus.CANCELLED,
}
_LOG = logging.getLogger(__name__)


class Sales:
    """The sales of the company's web shops."""

    def __init__(self, client: TrytonClient, directory: Directory, rounding_item: str) -> None:
        self._client, self._directory, self._rounding_item = client, directory, rounding_item

    async def by_key(self, keys: Iterable[str]) -> dict[str, Sale]:
        """The sales under these keys, whatever their state."""
        shops = await self._directory.shops()
        domain = [("web_shop", "in", sorted(shop.id for shop in shops.values())), ("web_id", "in", sorted(set(keys)))]
        rows = await self._client.read("model.sale.sale.search_read", domain, 0, None, None, list(Sale.FIELDS))
        return {row["web_id"]: Sale.of(row) for row in rows}

    async def read(self, ids: Sequence[int]) -> dict[int, Sale]:
        """The sales with these ids, as far as they exist."""
        domain = [("id", "in", list(ids))]
        rows = await self._client.read("model.sale.sale.search_read", domain, 0, None, None, list(Sale.FIELDS))
        return {row["id"]: Sale.of(row) for row in rows}

    async def documents(self, sales: Sequence[Sale]) -> dict[str, BookedDocument]:
        """Sales as booked documents by key, with the rounding that each carries."""
        if not sales:
            return {}
        shops = await self._directory.shops()
        currency = next(iter(shops.values())).currency_code
        roundings = await self._roundings([sale.id for sale in sales], currency)
        undone = await self._undone([sale.id for sale in sales if sale.state == "done"])
        return {
            sale.key: document_of(
                sale,
                currency,
                rounding=roundings.get(sale.id),
                status=DocumentStatus.CANCELLED if sale.id in undone else None,
            )
            for sale in sales
        }

    async def discard(self, sales: Sequence[Sale]) -> None:
        """Delete what never became an order, so that its key is free for the repaired document.

        Only in the version that was read: a sale that another worker has taken further stays. It may fail otherwise too
        (the ERP is away): then the next attempt finds the draft and tries again.
        """
        for sale in sales:
            try:
                await self._discard(sale)
            except CrossdockError as error:
                _LOG.warning("the unfinished sale %s of %s stays: %s", sale.id, sale.key, error)

    async def remove_payments(self, sale: Sale) -> None:
        """Delete the payments recorded on a sale; one that money has moved for is refused by Tryton."""
        if sale.payments:
            await self._client.call("model.account.payment.delete", list(sale.payments))

    async def void_gift_cards(self, sale: Sale) -> None:
        """Spend the cards sold with a sale on that sale. Deleted, Tryton would issue new ones, by mail too."""
        if cards := await self._gift_cards(sale):
            spent = {"spent_on": f"sale.sale,{sale.id}"}
            await self._client.call("model.sale.gift_card.write", cards, spent, document=sale.number)

    async def _discard(self, sale: Sale) -> None:
        if sale.payments:
            removal = {"payments": [("delete", list(sale.payments))]}
            await self._client.call("model.sale.sale.write", [sale.id], removal, context=as_read(sale))
            sale = (await self.read([sale.id]))[sale.id]
        await self._client.call("model.sale.sale.cancel", [sale.id], context=as_read(sale))
        if cards := await self._gift_cards(sale):
            await self._client.call("model.sale.gift_card.delete", cards)
        await self._client.call("model.sale.sale.delete", [sale.id])

    async def _gift_cards(self, sale: Sale) -> list[int]:
        """The cards sold with a sale that nobody has spent."""
        domain = [("origin.sale", "=", sale.id, "sale.line"), ("spent_on", "=", None)]
        cards: list[int] = await self._client.read("model.sale.gift_card.search", domain, 0, None, None)
        return cards

    async def _roundings(self, ids: Sequence[int], currency: str) -> dict[int, Money]:
        """Our own roundings; the same item may carry the order's cash rounding, which is another line."""
        domain = [
            ("sale", "in", list(ids)),
            ("product.code", "=", self._rounding_item),
            ("description", "=", ROUNDING_DESCRIPTION),
        ]
        rows = await self._client.read("model.sale.line.search_read", domain, 0, None, None, ["sale", "amount"])
        return {row["sale"]: Money(amount=row["amount"], currency=currency) for row in rows}

    async def _undone(self, ids: Sequence[int]) -> set[int]:
        """Sales that ended because all they led to was cancelled: Tryton calls those done."""
        if not ids:
            return set()
        fields = ["shipments.state", "invoices.state"]
        rows = await self._client.read("model.sale.sale.read", list(ids), fields)
        return {row["id"] for row in rows if _all_cancelled(row)}


def as_read(*sales: Sale) -> dict[str, Any]:
    """The context of a change that Tryton refuses (`ConflictError`) where a sale has changed since it was read."""
    return {"_timestamp": {f"sale.sale,{sale.id}": sale.stamp for sale in sales}}


def document_of(
    sale: Sale,
    currency: str,
    *,
    rounding: Money | None = None,
    status: DocumentStatus | None = None,
    created: bool = False,
) -> BookedDocument:
    """A sale as a booked document."""
    return BookedDocument(
        key=sale.key,
        id=str(sale.id),
        number=sale.number,
        status=status or _STATUS[sale.state],
        total=Money(amount=sale.total, currency=currency),
        digest=sale.digest,
        rounding=rounding,
        created=created,
    )


def _all_cancelled(row: Mapping[str, Any]) -> bool:
    states = [record["state"] for record in (*row["shipments."], *row["invoices."])]
    return bool(states) and set(states) == {"cancelled"}
