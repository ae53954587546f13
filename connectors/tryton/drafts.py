"""From documents to draft sales whose totals are the orders'."""

from collections.abc import Sequence
from typing import Any

from canonical.errors import CrossdockError, MisconfiguredError
from connectors.tryton.addresses import Addresses
from connectors.tryton.apart import each_alone
from connectors.tryton.booking import Booking
from connectors.tryton.client import TrytonClient
from connectors.tryton.mapper import rounding_values, sale_values, unknown_country
from connectors.tryton.schemas import References
from connectors.tryton.settings import TrytonSettings


class Drafts:
    """Creates draft sales, and balances them."""

    def __init__(self, client: TrytonClient, settings: TrytonSettings) -> None:
        self._client, self._settings = client, settings
        self._addresses = Addresses(client)

    async def create(self, bookings: Sequence[Booking], known: References) -> None:
        """A draft for each; one that cannot be made, or that Tryton refuses, fails alone."""
        values = await self._values(bookings, known)

        async def act(group: Sequence[Booking]) -> list[int]:
            ids: list[int] = await self._client.call("model.sale.sale.create", [values[b.document.key] for b in group])
            return ids

        ready = [b for b in bookings if b.open]
        for booking, result in zip(ready, await each_alone(ready, act), strict=True):
            if isinstance(result, CrossdockError):
                booking.error = result
            else:
                booking.id, booking.created = result, True

    def rounding_of(self, booking: Booking, known: References) -> dict[str, Any]:
        """The change that brings a draft to the order's total."""
        item = known.items.get(self._settings.rounding_item)
        if item is None:
            raise MisconfiguredError(
                f"Tryton has no item {self._settings.rounding_item} for roundings",
                code="rounding_item_unknown",
                way_out="Create it as a service in Tryton, or name another in the settings.",
            )
        return {"lines": [("create", [rounding_values(item, booking.difference)])]}

    async def _values(self, bookings: Sequence[Booking], known: References) -> dict[str, dict[str, Any]]:
        """The values of each sale by key; a booking without has its error."""
        for booking in bookings:
            booking.error = unknown_country(booking.document, known)
        usable = [b for b in bookings if b.open]
        pairs = [(b.party, a) for b in usable for a in (b.document.invoice_address, b.document.shipping_address)]
        addresses = await self._addresses.ensure(list(dict.fromkeys(pairs)), known)
        values: dict[str, dict[str, Any]] = {}
        for booking in usable:
            document, party = booking.document, booking.party
            invoice, shipment = (addresses[party, a] for a in (document.invoice_address, document.shipping_address))
            try:
                values[document.key] = sale_values(
                    document,
                    known,
                    party=party,
                    invoice_address=_usable(invoice),
                    shipment_address=_usable(shipment),
                    invoice_method=self._settings.invoice_method,
                )
            except CrossdockError as error:
                booking.error = error
        return values


def _usable(address: int | CrossdockError) -> int:
    """The address. Raises why there is none."""
    if isinstance(address, CrossdockError):
        raise address
    return address
