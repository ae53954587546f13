"""A request as the values of Tryton's records: the consignee, and a shipment with its moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from canonical.errors import RejectedError
from canonical.party import Address
from canonical.warehouse import FulfillmentRequest
from connectors.tryton_wms.content import Content
from connectors.tryton_wms.rest import WmsClient
from connectors.tryton_wms.tasks import MARK


@dataclass(frozen=True, slots=True)
class Place:
    """A warehouse with its areas."""

    id: int
    storage: int
    output: int


@dataclass(frozen=True, slots=True)
class Item:
    id: int
    unit: int


class MasterData:
    """Warehouses, goods and countries by their codes; remembered, and asked for when one is new."""

    def __init__(self, client: WmsClient) -> None:
        self._client = client
        self._places: dict[str, Place] = {}
        self._items: dict[str, Item] = {}
        self._countries: dict[str, int] = {}
        self._customer: int | None = None

    async def place(self, request: FulfillmentRequest) -> Place:
        """Where it is to leave from. Raises `RejectedError` for a location that is no warehouse."""
        code = request.location
        if code not in self._places:
            fields = ["code", "storage_location", "output_location"]
            for row in await self._client.find("stock.location", [("type", "=", "warehouse")], fields):
                self._places[row["code"] or ""] = Place(row["id"], row["storage_location"], row["output_location"])
        if code not in self._places:
            raise _unknown(request, "location", f"has no location {code}")
        return self._places[code]

    async def items(self, request: FulfillmentRequest) -> Mapping[str, Item]:
        """What it asks for. Raises `RejectedError` naming the first item that is not kept here."""
        wanted = [line.item for line in request.lines]
        if lacking := sorted(set(wanted) - self._items.keys()):
            rows = await self._client.find("product.product", [("code", "in", lacking)], ["code", "default_uom"])
            self._items |= {row["code"]: Item(row["id"], row["default_uom"]) for row in rows}
        for place, item in enumerate(wanted):
            if item not in self._items:
                raise _unknown(request, f"lines.{place}.item", f"does not keep item {item}")
        return self._items

    async def customers(self) -> int:
        """The location that stands for everybody's door."""
        if self._customer is None:
            rows = await self._client.find("stock.location", [("type", "=", "customer")], ["id"])
            self._customer = int(rows[0]["id"])
        return self._customer

    async def address(self, address: Address | None) -> dict[str, Any]:
        """The values of an address; a country the warehouse does not know stays out."""
        if address is None:
            return {"delivery": True}
        if address.country and address.country not in self._countries:
            rows = await self._client.find("country.country", [("code", "=", address.country)], ["code"])
            self._countries |= {row["code"]: row["id"] for row in rows}
        country = self._countries.get(address.country or "")
        return {
            "party_name": address.company or "",
            "street": "\n".join(line for line in (address.line1, address.line2) if line),
            "postal_code": address.postal_code or "",
            "city": " ".join(part for part in (address.city, address.region) if part),
            "delivery": True,
            **({"country": country} if country else {}),
        }


def consignee(request: FulfillmentRequest, content: Content, address: Mapping[str, Any]) -> dict[str, Any]:
    """The party that carries our key, with what we asked for."""
    reach = {"e-mail": request.email, "telephone": request.ship_to.phone if request.ship_to else None}
    entries = [{"type": "other", "name": MARK, "value": request.order_name, "comment": content.text()}]
    entries += [{"type": "other", "name": name, "value": value} for name, value in reach.items() if value]
    return {
        "name": (request.ship_to.name if request.ship_to else None) or request.order_name,
        "code": request.key,
        "addresses": [["create", [address]]],
        "contact_mechanisms": [["create", entries]],
    }


def moves(
    request: FulfillmentRequest, place: Place, items: Mapping[str, Item], customers: int, company: tuple[int, int]
) -> list[dict[str, Any]]:
    """The goods that leave, a move a line."""
    return [
        {
            "product": items[line.item].id,
            "unit": items[line.item].unit,
            "quantity": line.quantity,
            "from_location": place.output,
            "to_location": customers,
            "company": company[0],
            "currency": company[1],
            "unit_price": line.unit_value.amount if line.unit_value else Decimal(0),
        }
        for line in request.lines
    ]


def shipment(
    request: FulfillmentRequest, party: int, address: int, place: Place, company: int, goods: Sequence[Any]
) -> dict[str, Any]:
    """A draft shipment to the consignee; people see the order's name as its reference."""
    return {
        "company": company,
        "customer": party,
        "delivery_address": address,
        "warehouse": place.id,
        "warehouse_storage": place.storage,
        "warehouse_output": place.output,
        "reference": request.order_name,
        "outgoing_moves": [["create", list(goods)]],
    }


def _unknown(request: FulfillmentRequest, field: str, words: str) -> RejectedError:
    return RejectedError(
        f"the warehouse {words}",
        code="wms_unknown",
        document=request.order_name,
        field=field,
        way_out="Create it in the warehouse or correct the mapping, then replay the request.",
    )
