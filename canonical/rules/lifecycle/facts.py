"""Everything a plan is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from canonical.approvals import ApprovalRequest
from canonical.booking import SalesOrderDocument
from canonical.life import OrderLife
from canonical.order import Order
from canonical.rules.lifecycle.policy import LifePolicy
from canonical.steps import Step


def nobody(number: str) -> str | None:
    """No other order is known to have a tracking number."""
    return None


class Places(Protocol):
    """Locations, goods and codes of one shop, by the mappings that hold now."""

    def location(self, shop: str, location_id: str | None, name: str | None) -> str | None:
        """The canonical location of one of the channel's."""
        ...

    def components(self, shop: str, sku: str | None, variant_id: str | None) -> tuple[tuple[str, Decimal], ...] | None:
        """(ERP item, base units) that one unit of the SKU takes from stock."""
        ...

    def channel_location(self, shop: str, location: str) -> str | None:
        """The channel's location id of a canonical location."""
        ...

    def payment_method(self, shop: str, gateway: str) -> str | None:
        """The ERP's payment method of a gateway."""
        ...


@dataclass(frozen=True)
class Facts:
    """One order at one moment. `sale_key`: the key its sale is booked under; `booked`: the ERP has it.

    `warehouse_of` names the system that ships from a canonical location (None: nobody but the ERP).
    """

    order: Order
    life: OrderLife
    policy: LifePolicy
    places: Places
    sale_key: str
    booked: bool
    now: datetime
    warehouse_of: Callable[[str], str | None]
    item_of: Callable[[str], str | None]
    """The ERP item of an order line id; None when nothing is mapped or nothing is shipped for it."""
    number_used: Callable[[str], str | None] = nobody
    """The name of another order that has a parcel under this tracking number (upper case, no blanks)."""
    sale_of: Callable[[Order], SalesOrderDocument] | None = None
    """The sale of an order by today's mappings; raises what keeps it from being booked. None: no sale is amended."""


@dataclass(frozen=True)
class Waits:
    """Why an order cannot go on by itself: becomes a case. `at` (UTC): looked at again then."""

    code: str
    words: str
    way_out: str
    owner: str = "operations"
    at: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """What is due now. `life` has what was decided beside it (new tasks, new settlings); kept before a step is sent.

    Steps of one plan do not depend on each other: what depends on one of them is in the plan after it is settled. A
    step that is done or stopped is not in it. Steps about one thing that have to come in order come one plan at a time.
    """

    life: OrderLife
    steps: tuple[Step, ...] = ()
    waits: tuple[Waits, ...] = ()
    approvals: tuple[ApprovalRequest, ...] = ()
    look_at: datetime | None = None
