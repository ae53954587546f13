"""Whatever comes in whatever order, twice, or refused, and whenever a worker dies: pieces and keys stay right."""

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.errors import HeldError, RejectedError
from canonical.rules import example
from canonical.rules.lifecycle import booked_as, hear_booked, to_route
from canonical.rules.lifecycle.pieces import in_tasks, missing, wanted
from canonical.steps import Operation, Step
from canonical.warehouse import WarehouseEvent
from canonical.warehouse import WarehouseEventKind as K
from tests.unit.lifecycle.lives import EAST, House, authorised, facts_of, order_of

PIECES = 5
MOVES = st.tuples(
    st.sampled_from(
        ["carry", "carry", "carry", "die", "refuse", "accept", "ship", "ship", "short", "reject",
         "again", "cancel", "take_out", "put_in", "route", "hour"]
    ),
    st.integers(0, 6),
)  # fmt: skip


class Anywhere:
    """Every location is one of the shop's."""

    def channel_location(self, shop: str, location: str) -> str:
        return f"at-{location}"

    def __getattr__(self, name: str) -> Any:
        return getattr(example.MAPPINGS, name)


class Floor:
    """The warehouses as they really are: what each request is to ship, and what has left."""

    def __init__(self) -> None:
        self.asked: dict[str, Counter[str]] = {}
        self.revisions: dict[str, int] = {}
        self.left: dict[str, Counter[str]] = {}
        self.ended: set[str] = set()

    def take(self, step: Step) -> None:
        if step.operation in (Operation.REQUEST, Operation.AMEND) and step.request.key not in self.ended:
            key = step.request.key
            if step.request.revision >= self.revisions.get(key, 0):
                self.asked[key] = Counter({line.line_id: line.quantity for line in step.request.lines})
                self.revisions[key] = step.request.revision
                self.left.setdefault(key, Counter())
        elif step.operation is Operation.CANCEL_REQUEST:
            self.ended.add(step.request.of)

    def open(self, key: str) -> int:
        return 0 if key in self.ended or key not in self.asked else self.asked[key]["11"] - self.left[key]["11"]

    @property
    def gone(self) -> int:
        return sum(left["11"] for left in self.left.values())

    @property
    def coming(self) -> int:
        return sum(self.open(key) for key in self.asked)


class Walk:
    """One order under random events."""

    def __init__(self) -> None:
        order = order_of(PIECES, fulfillment_orders=(), transactions=(authorised("103.80"),))
        facts = replace(facts_of(order, most_attempts=99), places=Anywhere())
        facts = replace(facts, life=hear_booked(facts.life, booked_as(order)))
        self.house, self.floor = House(facts, (EAST, {"11": PIECES})), Floor()
        self.meanings: dict[tuple[Any, ...], str] = {}
        self.keys: dict[str, tuple[Any, ...]] = {}
        self.told: dict[str, Counter[str]] = {}
        self.taken: set[str] = set()
        self.events: list[WarehouseEvent] = []
        self.places, self.refusals, self.sold = 0, 0, PIECES

    @property
    def ordered(self) -> int:
        return self.house.facts.order.lines[0].quantity

    def carry(self, how: str, pick: int) -> None:
        steps = self.house.plan().steps
        for step in steps[: pick + 1]:
            self.check(step)
            error = self.error(step) if how == "refuse" else None
            self.house.refuse = lambda _, error=error: error
            if error is None:
                self.taken.add(step.key)
                self.floor.take(step)
                if step.operation is Operation.FULFILL:
                    self.told[step.key] = Counter(step.request.lines)
                if step.operation is Operation.AMEND_SALE:
                    self.sold = sum(row.quantity for row in step.request.document.lines if row.key == "11")
            if how != "die":
                self.house.carry(step)
        assert sum(lines["11"] for lines in self.told.values()) <= self.floor.gone

    def error(self, step: Step) -> Any:
        """Why it is refused. What the other side has done already it does not refuse when it is asked again."""
        if step.key in self.taken:
            return None
        if step.operation in (Operation.CANCEL_REQUEST, Operation.AMEND):
            self.refusals += 1
            return HeldError("too late", code="too_late")
        if step.operation in (Operation.INVOICE, Operation.PAYMENT, Operation.CAPTURE):
            return HeldError("not yet", code="not_yet")
        if step.operation in (Operation.FULFILL, Operation.SHIPMENT):
            return RejectedError("no", code="no")
        return None

    def check(self, step: Step) -> None:
        """One meaning, one key; a sale never ends under goods that leave."""
        meaning = meaning_of(step)
        assert self.meanings.setdefault(meaning, step.key) == step.key
        assert self.keys.setdefault(step.key, meaning) == meaning
        if step.operation in (Operation.CANCEL_SALE, Operation.CANCEL_ORDER):
            assert self.floor.gone == self.floor.coming == 0

    def event(self, kind: K, pick: int, pieces: int = 0, **changes: Any) -> None:
        tasks = [place for place, task in enumerate(self.house.life.tasks) if task.key in self.floor.asked]
        if tasks:
            lines = {"11": pieces} if pieces else None
            self.events.append(self.house.tell(kind, lines, task=tasks[pick % len(tasks)], **changes))

    def keyed(self, pick: int) -> str | None:
        known = [task.key for task in self.house.life.tasks if task.key in self.floor.asked]
        return known[pick % len(known)] if known else None

    def do(self, move: str, pick: int) -> None:
        key = self.keyed(pick)
        if move in ("carry", "die", "refuse"):
            self.carry(move, pick)
        elif move == "accept":
            self.event(K.ACCEPTED, pick)
        elif move == "ship" and key and (n := min(self.floor.open(key), pick + 1)) > 0:
            self.floor.left[key]["11"] += n
            self.event(K.SHIPPED, pick, n)
        elif move == "short" and key and self.floor.open(key):
            n = self.floor.open(key)
            self.floor.ended.add(key)
            self.event(K.SHORT, pick, n)
        elif move == "reject" and key and self.floor.open(key) and not self.floor.left[key]:
            self.floor.ended.add(key)
            self.event(K.REJECTED, pick)
        elif move == "again" and self.events:
            self.house.hear(self.events[pick % len(self.events)])
        elif move == "hour":
            self.house.later(hours=1)
        elif move == "route":
            self.route()
        else:
            self.of_the_shop(move)

    def of_the_shop(self, move: str) -> None:
        line, now = self.house.facts.order.lines[0], self.house.facts.now
        if move == "cancel" and not self.told and self.house.facts.order.cancelled_at is None:
            self.house.change(cancelled_at=now)
        elif move == "take_out" and line.current_quantity > max(self.floor.gone, 1):
            self.house.change(lines=(line.model_copy(update={"current_quantity": line.current_quantity - 1}),))
        elif move == "put_in" and self.house.facts.order.cancelled_at is None and line.quantity < 9:
            more = {"quantity": line.quantity + 1, "current_quantity": line.current_quantity + 1}
            self.house.change(lines=(line.model_copy(update=more),), totals=order_of(line.quantity + 1).totals)

    def route(self) -> None:
        for request in to_route(self.house.facts):
            self.places += 1
            self.house.decide((f"L{self.places}", {row.line_id: row.quantity for row in request.lines}))


def meaning_of(step: Step) -> tuple[Any, ...]:
    """What a step does, whatever its key."""
    asked = step.request
    about: Any = {
        Operation.REQUEST: lambda: asked.key,
        Operation.AMEND: lambda: (asked.key, asked.revision),
        Operation.CANCEL_REQUEST: lambda: asked.of,
        Operation.CANCEL_SALE: lambda: asked.of,
        Operation.SHIPMENT: lambda: asked.shipment.id,
        Operation.INVOICE: lambda: asked.shipment_key,
        Operation.PAYMENT: lambda: asked.reference,
        Operation.FULFILL: lambda: (step.subject, asked.parcel.id),
        Operation.CAPTURE: lambda: (asked.parent_id, step.subject),
        Operation.AMEND_SALE: lambda: step.key,
        Operation.NOTE_INVOICE: lambda: step.key,
    }.get(step.operation, lambda: step.subject)()
    return (step.operation, about)


@settings(max_examples=100, deadline=None)
@given(st.lists(MOVES, max_size=45))
def test_pieces_are_never_asked_for_told_or_cancelled_twice(moves: list[tuple[str, int]]) -> None:
    walk = Walk()
    for move, pick in moves:
        walk.do(move, pick)
        assert walk.floor.gone + walk.floor.coming <= walk.ordered, (move, pick)
    rest(walk)
    conserved(walk)


def rest(walk: Walk) -> None:
    """Nothing is refused any more, and everything is released: until nothing is due."""
    for _ in range(60):
        walk.house.have(life=walk.house.life.model_copy(update={"stopped": {}, "routed_at": None}))
        walk.route()
        if not walk.house.plan().steps:
            return
        walk.carry("carry", 99)
    raise AssertionError("never rests")


def conserved(walk: Walk) -> None:
    """Ordered = shipped + cancelled + open, and the life knows what the floor knows."""
    house, floor = walk.house, walk.floor
    order, life = house.facts.order, house.life
    asked = in_tasks(life).get("11", 0)
    assert life.shipped.get("11", 0) == floor.gone
    assert asked == floor.coming
    cancelled = walk.ordered - floor.gone - asked
    due = wanted(order, life)["11"]
    assert not missing(order, life)
    assert floor.gone + asked >= due
    if not walk.refusals:
        assert cancelled == walk.ordered - max(due, floor.gone)
    for key_, lines in walk.told.items():
        assert lines["11"] > 0, key_
    if life.cancellation is None:
        assert walk.sold == min(walk.ordered, max(due, floor.gone + asked)), "the sale is not what the order is"
        assert sum(lines["11"] for lines in walk.told.values()) == floor.gone
