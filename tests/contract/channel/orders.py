"""Orders as tests of what follows a sale need them: of a shape, on the stand-in."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.contract.channel.conftest import StandIn

_SEEDS = count(500)


def tail(native: str) -> str:
    """The digits of an id."""
    return native.rpartition("/")[2]


@dataclass(frozen=True)
class Placed:
    """An order of a shopper: its id, and by order line id how many pieces are to be shipped."""

    stand_in: StandIn
    id: str
    lines: dict[str, int]

    @property
    def gid(self) -> str:
        return f"gid://shopify/Order/{self.id}"

    def record(self) -> dict[str, Any]:
        return self.stand_in.record("Order", self.gid)

    def requests(self) -> list[dict[str, Any]]:
        """Its fulfillment orders as the shop keeps them."""
        asked = "query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 20) { nodes { id status "
        asked += "assignedLocation { location { id } } lineItems(first: 20) "
        asked += "{ nodes { id remainingQuantity lineItem { id } } } } } } }"
        found: list[dict[str, Any]] = self.stand_in.graphql(asked, id=self.gid)["order"]["fulfillmentOrders"]["nodes"]
        return found

    @property
    def location(self) -> str:
        """Where its first fulfillment order is to be shipped from."""
        return tail(self.requests()[0]["assignedLocation"]["location"]["id"])


def shippable(stand_in: StandIn, *, payment: str = "PAID", pieces: int = 2, foreign: bool = False) -> Placed:
    """An order in one fulfillment order, paid so, with a line of at least so many pieces, in one or two currencies."""
    for _ in range(40):
        for row in stand_in.place(20, seed=next(_SEEDS)):
            record = stand_in.record("Order", row["order_id"])
            several = record["currencyCode"] != record["presentmentCurrencyCode"]
            if record["displayFinancialStatus"] != payment or several != foreign or record.get("cancelledAt"):
                continue
            placed = Placed(stand_in, tail(row["order_id"]), {})
            open_ones = [one for one in placed.requests() if one["status"] == "OPEN"]
            if len(open_ones) != 1:
                continue
            lines = {tail(n["lineItem"]["id"]): n["remainingQuantity"] for n in open_ones[0]["lineItems"]["nodes"]}
            if max(lines.values(), default=0) >= pieces:
                return Placed(stand_in, placed.id, lines)
    raise AssertionError("the generator made no such order")
