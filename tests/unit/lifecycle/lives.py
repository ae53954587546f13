"""One order with its life, the warehouses, the ERP and the shop around it, as plain functions: no clock, no I/O.

`House` carries out what a plan wants the way a flow does, and remembers every step in order.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from canonical.errors import CrossdockError
from canonical.fulfillment import (
    FulfillmentOrder,
    FulfillmentOrderLine,
    FulfillmentOrderStatus,
    Parcel,
    ParcelLine,
)
from canonical.life import Done, OrderLife
from canonical.order import Order, TransactionKind
from canonical.routing import Assignment, RoutingDecision
from canonical.rules import example
from canonical.rules.booking import sales_order_document
from canonical.rules.lifecycle import (
    hear_order,
    hear_warehouse,
    plan_fulfillment,
    refused,
    settled,
    take_decisions,
)
from canonical.rules.lifecycle.facts import Facts, Plan
from canonical.rules.lifecycle.policy import LifePolicy, ShippingPolicy
from canonical.steps import Operation, Step
from canonical.warehouse import EventLine, WarehouseEvent, WarehouseEventKind

EAST, WEST = "DC-EAST", "DC-WEST"
UPS = ("1Z999AA10123456784", "1Z12345E6605272234")
NOW = example.NOW


def order_of(pieces: int = 2, *, at: str = "7", **changes: Any) -> Order:
    """One line of some tees, waiting at a location of the shop, paid by card."""
    total = Decimal(20) * pieces + Decimal("1.80") + 2
    row = FulfillmentOrderLine(id="51", line_id="11", quantity=pieces, remaining=pieces)
    usual: dict[str, Any] = {
        "lines": (example.line(quantity=pieces),),
        "transactions": (example.payment(str(total)),),
        "fulfillment_orders": (
            FulfillmentOrder(id="41", status=FulfillmentOrderStatus.OPEN, location_id=at, lines=(row,)),
        ),
    }
    return example.order(**usual | changes)


def authorised(amount: str, id_: str = "31") -> Any:
    return example.payment(amount, id=id_, kind=TransactionKind.AUTHORIZATION)


def facts_of(order: Order, **shipping: Any) -> Facts:
    """A booked order whose life has just begun."""
    life = OrderLife(
        shop="north", order_id=order.id, order_name=order.name, company="north", started_at=NOW, updated_at=NOW
    )
    return Facts(
        order=order,
        life=life,
        policy=LifePolicy(shipping=ShippingPolicy(**shipping)),
        places=example.MAPPINGS,
        sale_key=f"north:sales-order.create:{order.id}",
        booked=True,
        now=NOW,
        warehouse_of=lambda location: "wms",
        item_of=lambda line: "TEE-1",
        sale_of=lambda order: sales_order_document(order, example.MAPPINGS, example.COMPANY),
    )


class House:
    """An order on its way. `refuse` gives the error of a step that is refused, None when it goes through."""

    def __init__(self, facts: Facts, *locations: tuple[str, dict[str, int]], **assigned: Any) -> None:
        self.facts, self.sent = facts, list[Step]()
        self.refuse: Callable[[Step], CrossdockError | None] = lambda step: None
        self.events = 0
        if locations:
            self.decide(*locations, **assigned)

    @property
    def life(self) -> OrderLife:
        return self.facts.life

    def have(self, **changes: Any) -> None:
        self.facts = replace(self.facts, **changes)

    def change(self, **changes: Any) -> None:
        """The order as the shop tells it next."""
        self.have(order=self.facts.order.model_copy(update=changes))
        self.have(life=hear_order(self.life, self.facts.order, self.facts.now))

    def later(self, **by: float) -> None:
        self.have(now=self.facts.now + timedelta(**by))

    def decide(self, *locations: tuple[str, dict[str, int]], **assigned: Any) -> None:
        made = tuple(Assignment(location=place, lines=lines, **assigned) for place, lines in locations)
        decision = RoutingDecision(order_id=self.facts.order.id, assignments=made, decided_by="rules")
        self.have(life=take_decisions(self.facts, [decision]))

    def plan(self) -> Plan:
        plan = plan_fulfillment(self.facts)
        self.have(life=plan.life)
        return plan

    def go(self, rounds: int = 12) -> list[str]:
        """Carry out until nothing is due. Returns what was sent, in order."""
        before = len(self.sent)
        for _ in range(rounds):
            plan = self.plan()
            if not plan.steps:
                break
            for step in plan.steps:
                self.carry(step)
        else:
            raise AssertionError(f"never rests: {[step.key for step in plan.steps]}")
        return [step.operation.name for step in self.sent[before:]]

    def carry(self, step: Step) -> None:
        self.sent.append(step)
        self.later(seconds=1)
        error = self.refuse(step)
        if error is not None:
            self.have(life=refused(self.life, step, error, self.facts.now))
        else:
            done = Done(id=f"x{len(self.sent)}", number=f"N{len(self.sent)}", at=self.facts.now)
            self.have(life=settled(self.life, step, done))

    def tell(self, kind: WarehouseEventKind, lines: dict[str, int] | None = None, **changes: Any) -> WarehouseEvent:
        """An event of the warehouse about the last request, or that of `task`."""
        task = self.life.tasks[changes.pop("task", -1)]
        self.events += 1
        self.later(seconds=1)
        rows = tuple(EventLine(line_id=line, item="TEE-1", quantity=n) for line, n in (lines or {}).items())
        usual: dict[str, Any] = {
            "id": f"e{self.events}",
            "system": "wms",
            "kind": kind,
            "occurred_at": self.facts.now,
            "location": task.location,
            "request_key": task.key,
            "lines": rows,
        }
        event = WarehouseEvent(**usual | changes)
        self.hear(event)
        return event

    def hear(self, event: WarehouseEvent) -> None:
        self.have(life=hear_warehouse(self.life, event, self.facts.now))

    def ship(self, pieces: int, *numbers: str | None, line: str = "11", **changes: Any) -> WarehouseEvent:
        """Pieces leave, one parcel a number: the first has one piece more where it does not divide."""
        each = numbers or (UPS[self.events % 2],)
        shares = [pieces // len(each) + (place < pieces % len(each)) for place in range(len(each))]
        parcels = tuple(
            parcel(f"p{self.events}-{place}", share, number, line)
            for place, (number, share) in enumerate(zip(each, shares, strict=True))
        )
        return self.tell(WarehouseEventKind.SHIPPED, {line: pieces}, **{"parcels": parcels} | changes)

    def waits(self) -> list[str]:
        return [one.code for one in plan_fulfillment(self.facts).waits]

    def steps(self, operation: Operation) -> list[Step]:
        return [step for step in self.sent if step.operation is operation]


def parcel(id_: str, pieces: int, number: str | None, line: str = "11", carrier: str | None = "UPS") -> Parcel:
    row = ParcelLine(line_id=line, quantity=pieces)
    return Parcel(id=id_, carrier=carrier if number else None, tracking_number=number, lines=(row,))


def names(steps: Iterable[Step]) -> list[str]:
    return [step.operation.name for step in steps]


def moment(days: float) -> datetime:
    return NOW + timedelta(days=days)
