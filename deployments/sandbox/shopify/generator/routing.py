"""Where an order ships from: its fulfillment orders, at the nearest distribution centre or the store it was sold in."""

from dataclasses import dataclass
from random import Random
from typing import Any

from deployments.sandbox.catalogue import Catalogue, Location
from deployments.sandbox.shopify.generator.cart import Cart
from deployments.sandbox.shopify.generator.references import Numbers, References
from deployments.sandbox.shopify.records import Record, gid

NEAREST = {"US-CA": "DC-WEST", "US-TX": "DC-WEST", "US-NY": "DC-EAST", "CA-ON": "DC-EAST"}
DEFAULT_CENTRE = "DC-EU"
SPLIT_SHARE = 0.04
OPEN_ACTIONS = ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT")


@dataclass(frozen=True, slots=True)
class Router:
    """Assigns the lines of an order to locations."""

    catalogue: Catalogue
    references: References

    def fulfillment_orders(self, random: Random, cart: Cart, order: Record, numbers: Numbers) -> list[Record]:
        """One fulfillment order a location; a few orders are split over two centres. Only parcels are in them."""
        parcels = [
            (line, record)
            for line, record in zip(cart.lines, order["lineItems"], strict=False)
            if line.product.requires_shipping
        ]
        if not parcels:
            return []
        places = self._places(random, cart, len(parcels))
        shares = [parcels[i :: len(places)] for i in range(len(places))]
        return [
            self._fulfillment_order(cart, order, place, [record for _, record in share], numbers)
            for place, share in zip(places, shares, strict=True)
        ]

    def _places(self, random: Random, cart: Cart, parcels: int) -> list[Location]:
        by_code = {place.code: place for place in self.catalogue.locations_of(cart.shop.code)}
        if cart.store is not None:
            return [cart.store]
        nearest = by_code[NEAREST.get(cart.taxed_at, DEFAULT_CENTRE)]
        others = [place for place in by_code.values() if place.kind == "dc" and place is not nearest]
        split = parcels > 1 and others and random.random() < SPLIT_SHARE
        return [nearest, random.choice(others)] if split else [nearest]

    def _fulfillment_order(
        self, cart: Cart, order: Record, place: Location, lines: list[Record], numbers: Numbers
    ) -> Record:
        return {
            "id": gid("FulfillmentOrder", numbers()),
            "status": "OPEN",
            "requestStatus": "UNSUBMITTED",
            "orderId": order["id"],
            "orderProcessedAt": order["processedAt"],
            "createdAt": order["createdAt"],
            "updatedAt": order["createdAt"],
            "fulfillAt": order["createdAt"],
            "assignedLocation": self._assigned(place),
            "destination": _destination(order, numbers),
            "deliveryMethod": _delivery(cart, numbers),
            "supportedActions": [{"action": action} for action in OPEN_ACTIONS],
            "fulfillmentHolds": [],
            "lineItems": [_requested(line, self.references, numbers) for line in lines],
        }

    def _assigned(self, place: Location) -> dict[str, Any]:
        address = place.address
        return {
            "name": place.name,
            "address1": address.address1,
            "city": address.city,
            "zip": address.zip,
            "province": address.province,
            "countryCode": address.country_code,
            "location": {"id": self.references.locations[place.name]},
        }


def _requested(line: Record, references: References, numbers: Numbers) -> Record:
    ids = references.variants.get(line["sku"] or "")
    return {
        "id": gid("FulfillmentOrderLineItem", numbers()),
        "lineItem": {"id": line["id"]},
        "inventoryItemId": ids.inventory_item if ids else None,
        "totalQuantity": line["quantity"],
        "remainingQuantity": line["quantity"],
        "requiresShipping": True,
        "productTitle": line["title"],
        "sku": line["sku"],
        "variantTitle": line["variantTitle"],
        "vendor": line["vendor"],
        "variant": line["variant"],
    }


def _destination(order: Record, numbers: Numbers) -> Record | None:
    address = order["shippingAddress"]
    if address is None:
        return None
    shared = ("firstName", "lastName", "company", "address1", "address2", "city", "province", "zip", "phone")
    return {
        "id": gid("FulfillmentOrderDestination", numbers()),
        **{name: address[name] for name in shared},
        "countryCode": address["countryCodeV2"],
        "email": order["email"],
    }


def _delivery(cart: Cart, numbers: Numbers) -> Record:
    method = "RETAIL" if cart.store else "PICK_UP" if cart.shipping and cart.shipping.code == "PICKUP" else "SHIPPING"
    return {
        "id": gid("DeliveryMethod", numbers()),
        "methodType": method,
        "presentedName": cart.shipping.title if cart.shipping else None,
        "serviceCode": cart.shipping.code if cart.shipping else None,
    }
