"""The life of an order after it is accepted: where it leaves from, what has left, what was told, what comes back.

One document an order. It holds facts only: what systems told us, and which effects are settled. What is to be done
next is worked out of it by `canonical.rules.lifecycle`, never stored. Quantities are whole base units by order line
id; locations are canonical codes; times are UTC.
"""

from enum import StrEnum

from pydantic import Field

from canonical.fulfillment import Parcel
from canonical.model import Code, Model, Text, Utc
from canonical.money import MoneyPair
from canonical.returns import Disposition, Inspected, Refund, ReturnStatus
from canonical.routing import RoutingDecision
from canonical.states import ReturnState
from canonical.warehouse import WarehouseState


class Task(Model):
    """A fulfillment request of ours to one location, and what the warehouse said of it.

    `key` is the request's idempotency key. `revision` is what we want, `taken` what the warehouse has taken (None: not
    submitted yet) and `taken_lines` of what. `asked`: a request may have left, `on_hold`: a hold may stand at the
    channel; both are kept before anything is sent. `accepted` is the highest sequence it accepted. `cancel` says why
    it is no longer wanted. `heard` are the ids of events that are counted already. `system` None: nobody we could ask
    ships from there. `addressed`: fingerprints of the addresses it was sent with; the last is where the goods will go.
    """

    key: Code
    system: Code | None
    location: Code
    lines: dict[str, int]
    pickup: bool = False
    backorder: bool = False
    ship_by: Utc | None = None
    revision: int = 0
    asked: bool = False
    on_hold: bool = False
    taken: int | None = None
    taken_lines: dict[str, int] = Field(default_factory=dict)
    addressed: tuple[str, ...] = ()
    accepted: int | None = None
    state: WarehouseState = WarehouseState.REQUESTED
    shipped: dict[str, int] = Field(default_factory=dict)
    short: dict[str, int] = Field(default_factory=dict)
    cancel: str | None = None
    cancel_refused: bool = False
    amend_refused: bool = False
    external_id: str | None = None
    number: str | None = None
    reason: str | None = None
    heard: tuple[str, ...] = ()
    created_at: Utc
    updated_at: Utc

    @property
    def ended(self) -> bool:
        """Nothing more will leave for it."""
        return self.state in ENDED or not self.remaining

    @property
    def remaining(self) -> dict[str, int]:
        """What is still to leave, by order line."""
        gone = {line: self.shipped.get(line, 0) + self.short.get(line, 0) for line in self.lines}
        return {line: asked - gone[line] for line, asked in self.lines.items() if asked > gone[line]}


ENDED = frozenset({
    WarehouseState.REJECTED, WarehouseState.CANCELLED, WarehouseState.EXPIRED, WarehouseState.SHIPPED
})  # fmt: skip


class Shipped(Model):
    """Goods that left a location at one time, in one or several parcels.

    `id` is the warehouse's event, or the channel's fulfillment where somebody else made it (`fulfillment_id` is set
    then from the start, and the channel is not told again). `told` has the channel's fulfillment of each parcel,
    `shown` the tracking it shows (`tracking_mark`); `fulfillment_id` is set when all parcels are told. `taken_back` are
    fulfillments that somebody cancelled in the shop. `collected`: handed over in a store.
    """

    id: Code
    location: Code
    task: str | None = None
    shipped_at: Utc
    parcels: tuple[Parcel, ...]
    fulfillment_id: str | None = None
    told: dict[str, str] = Field(default_factory=dict)
    shown: dict[str, str] = Field(default_factory=dict)
    taken_back: tuple[str, ...] = ()
    made_elsewhere: bool = False
    collected: bool = False
    cancelled: bool = False

    @property
    def lines(self) -> dict[str, int]:
        """Quantity by order line."""
        total: dict[str, int] = {}
        for line in (line for parcel in self.parcels for line in parcel.lines):
            total[line.line_id] = total.get(line.line_id, 0) + line.quantity
        return total


class ParcelNews(Model):
    """What happened to a parcel on its way, to be told to the shopper once."""

    id: Code
    shipment: Code
    tracking_number: str | None = None
    status: Code  # in_transit, out_for_delivery, delivered, attempted_delivery, failure
    happened_at: Utc


class CancelledBy(StrEnum):
    """Which side wants an order to end."""

    SHOP = "shop"
    ERP = "erp"


class Cancellation(Model):
    """An order is to end. What is undone for it is worked out from what was done."""

    by: CancelledBy
    reason: Code = "cancelled"
    at: Utc


class ReturnedLine(Model):
    """One line of a return, counted per quantity.

    `return_line_id` is the channel's. `asked` and `authorised` are pieces; `processed` have left the order there;
    `received` are back in a warehouse; `inspected` have a disposition; what is credited and refunded is counted by
    `Settling`s.
    """

    line_id: Code
    return_line_id: str | None = None
    asked: int = 0
    authorised: int = 0
    processed: int = 0
    received: int = 0
    inspected: tuple[Inspected, ...] = ()
    reason: str | None = None

    @property
    def found(self) -> int:
        """Pieces whose disposition is known."""
        return sum(part.quantity for part in self.inspected)

    def with_disposition(self, *wanted: Disposition) -> int:
        """Pieces that were found so."""
        return sum(part.quantity for part in self.inspected if part.disposition in wanted)


class ArrivedLine(Model):
    """Pieces of an arrival. `line_id` is `item/<ERP item>` where the warehouse named no order line."""

    line_id: Code
    quantity: int = Field(gt=0)
    disposition: Disposition | None = None


class Arrival(Model):
    """What a warehouse told of returned goods, once: pieces that are back, or (`inspected`) what was found of them."""

    id: Code
    location: Code
    at: Utc
    inspected: bool
    lines: tuple[ArrivedLine, ...]


class SettlingLine(Model):
    """What a settling pays back of one line: pieces and the money of them, tax apart (both currencies)."""

    line_id: str | None = None
    purpose: Code = "item"  # as in `canonical.settlement.CreditLine`
    quantity: int = Field(default=0, ge=0)
    net: MoneyPair
    tax: MoneyPair
    disposition: Disposition | None = None


class PaidBack(Model):
    """Money back on one payment, in both currencies."""

    parent_id: Code
    gateway: str
    amount: MoneyPair


class Settling(Model):
    """One credit memo and one refund that belong together, frozen when it is begun. `number` counts within its return.

    `total` is what is credited, `money` what is paid back; the rest of `total` is set off against what the order owes.
    `tenders` are the payments it goes back on. `duties`: those on its pieces are in it. `approval` says why a person
    has to allow it, None when nobody has to. `made_elsewhere`: the refund was made in the shop first, `refund_id` is
    set from the start. `refund_first`: the credit memo follows the refund. `needs_credit` is false where nothing was
    invoiced that could be credited, `needs_refund` where there is no return at the shop and no money.
    """

    number: int
    lines: tuple[SettlingLine, ...]
    total: MoneyPair
    money: MoneyPair
    tenders: tuple[PaidBack, ...] = ()
    duties: bool = False
    reason: str | None = None
    made_elsewhere: bool = False
    needs_credit: bool = True
    needs_refund: bool = True
    approval: str | None = None
    approved_by: str | None = None
    approval_id: int | None = None  # of the approval that is in use, until the settling is finished
    rejected_by: str | None = None
    refund_first: bool = False
    refund_id: str | None = None
    credit_id: str | None = None
    credit_number: str | None = None

    @property
    def rejected(self) -> bool:
        """A person refused it: it pays nothing."""
        return self.rejected_by is not None

    @property
    def finished(self) -> bool:
        """Both documents are there, as far as there are to be any."""
        credited = self.credit_id is not None or not self.needs_credit
        return credited and (self.refund_id is not None or not self.needs_refund)


class ReturnLife(Model):
    """A return, a refund without one, or goods that came back blind.

    `id` is the channel's return id; `refund/<id>` for a refund that has no return; `blind/<event id>` until the
    channel has a return for it. What is received and inspected of its lines is counted from `arrivals`.
    `authorised_to` is the location that the ERP authorised it for.
    """

    id: Code
    name: str | None = None
    state: ReturnState
    channel_status: ReturnStatus | None = None
    lines: tuple[ReturnedLine, ...] = ()
    exchange_lines: tuple[str, ...] = ()  # order lines that go out in place of what comes back
    exchanges_open: int = 0  # exchanged goods that have not joined the order yet
    settlings: tuple[Settling, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    location: str | None = None  # where the goods came back to
    authorised_to: str | None = None
    heard: tuple[str, ...] = ()
    disposed: str | None = None  # fingerprint of the dispositions that the channel knows
    opened_at: Utc
    updated_at: Utc


class Done(Model):
    """A settled effect of this order: what the other side calls the result.

    `awaiting`: it was taken by a system that answers later. Of a capture, `number` is the total that is captured.
    """

    id: Code
    number: str | None = None
    at: Utc
    awaiting: bool = False


class Stopped(Model):
    """An effect that was refused. It is tried again when the case is released; by itself, too, when it was `held`."""

    code: Code
    words: Text
    at: Utc
    held: bool = False


class OrderLife(Model):
    """All of it. `done` and `stopped` are by effect key. `version` grows with every write; an older one is refused."""

    shop: Code
    order_id: Code
    order_name: Code
    company: Code
    version: int = 0
    decisions: tuple[RoutingDecision, ...] = ()
    excluded: tuple[Code, ...] = ()  # locations that rejected or shorted
    tasks: tuple[Task, ...] = ()
    shipments: tuple[Shipped, ...] = ()
    news: tuple[ParcelNews, ...] = ()
    cancellation: Cancellation | None = None
    returns: tuple[ReturnLife, ...] = ()
    refunds: tuple[Refund, ...] = ()  # all the channel knows, whoever made them
    done: dict[str, Done] = Field(default_factory=dict)
    stopped: dict[str, Stopped] = Field(default_factory=dict)
    waiting: tuple[Code, ...] = ()  # reason codes of what it waits for, as cases
    waived: tuple[Code, ...] = ()  # reason codes that a person has released for good
    sale_stands: bool = False  # the ERP has booked it
    sold: str | None = None  # fingerprint of what its sale holds
    amending: str | None = None  # fingerprint of what an amendment that may have left makes of it
    heads: dict[str, str] = Field(default_factory=dict)  # fingerprints of whom it was booked for
    lessened: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # payments in the ERP: refunds taken off each
    routed_at: Utc | None = None  # when the last decision was taken
    started_at: Utc
    updated_at: Utc

    @property
    def shipped(self) -> dict[str, int]:
        """Quantity by order line that has left, from anywhere."""
        total: dict[str, int] = {}
        for shipment in self.shipments:
            if not shipment.cancelled:
                for line, quantity in shipment.lines.items():
                    total[line] = total.get(line, 0) + quantity
        return total

    def task(self, key: str) -> Task | None:
        """The request of that key."""
        return next((task for task in self.tasks if task.key == key), None)

    def return_(self, id_: str) -> ReturnLife | None:
        """The return of that id."""
        return next((one for one in self.returns if one.id == id_), None)

    def with_task(self, task: Task) -> "OrderLife":
        """The same life with this task in place of the one of its key, or added."""
        others = tuple(one if one.key != task.key else task for one in self.tasks)
        return self.model_copy(update={"tasks": others if self.task(task.key) else (*others, task)})

    def with_shipment(self, changed: Shipped) -> "OrderLife":
        """The same life with this shipment in place of the one of its id, or added."""
        known = any(one.id == changed.id for one in self.shipments)
        others = tuple(changed if one.id == changed.id else one for one in self.shipments)
        return self.model_copy(update={"shipments": others if known else (*others, changed)})

    def with_return(self, changed: ReturnLife) -> "OrderLife":
        """The same life with this return in place of the one of its id, or added."""
        others = tuple(one if one.id != changed.id else changed for one in self.returns)
        return self.model_copy(update={"returns": others if self.return_(changed.id) else (*others, changed)})
