"""A plan in the making: what is wanted becomes a step, unless it is done already or was refused."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from canonical.life import Done, OrderLife, Shipped, Stopped, Task
from canonical.rules.lifecycle.facts import Facts, Plan, Waits
from canonical.steps import SIDE_OF, Operation, Side, Step

HELD_AGAIN: Final = timedelta(hours=1)
"""What the other side only holds ("not yet") is asked for again after this long."""

_OWNERS: Final = {
    **dict.fromkeys(Operation, "operations"),
    **dict.fromkeys((Operation.INVOICE, Operation.PAYMENT, Operation.CAPTURE, Operation.CANCEL_SALE), "finance"),
    Operation.AMEND_SALE: "finance",
}
_WORDS: Final = {
    Operation.MOVE: "the shop could not move it to the location that ships",
    Operation.HOLD: "the shop could not hold what is not there yet",
    Operation.RELEASE: "the shop could not release what it held",
    Operation.FULFILL: "the shop could not show the parcel",
    Operation.TRACK: "the shop could not show the corrected tracking",
    Operation.DELIVERY: "the shop could not show what happened to the parcel",
    Operation.CAPTURE: "the payment could not be captured",
    Operation.CANCEL_ORDER: "the shop could not cancel the order",
    Operation.NOTE_INVOICE: "the shop could not note the invoice",
    Operation.REQUEST: "the warehouse did not take the request",
    Operation.AMEND: "the warehouse did not take the change",
    Operation.CANCEL_REQUEST: "the warehouse did not cancel the request",
    Operation.AMEND_SALE: "the ERP did not take the change of the sale",
    Operation.SHIPMENT: "the ERP did not book the shipment",
    Operation.INVOICE: "the ERP did not invoice",
    Operation.PAYMENT: "the ERP did not take the payment",
    Operation.CANCEL_SALE: "the ERP did not cancel the sale",
}


class Draft:
    """Collects steps, waits and what is decided beside them, for one order at one moment."""

    def __init__(self, facts: Facts, life: OrderLife) -> None:
        self.facts, self.order, self.life = facts, facts.order, life
        self.policy = facts.policy.shipping
        self.steps: dict[str, Step] = {}
        self.waits: dict[str, Waits] = {}
        self.look_at: datetime | None = None

    def want(
        self,
        operation: Operation,
        key: str,
        subject: str,
        request: Callable[[], Any],
        *,
        system: str | None = None,
        again_after: datetime | None = None,
        waits_as: tuple[str, str] | None = None,
    ) -> Done | None:
        """What became of it when it is done; else it is due now, or waits because it was refused.

        What was refused before `again_after` is asked for again: its cause is gone. `waits_as` names the case of a
        refusal and its way out, where that is not the other side's own code.
        """
        done = self.life.done.get(key)
        if done is not None:
            return done
        stopped = self.life.stopped.get(key)
        if stopped is not None and not self._again(operation, stopped, again_after):
            self.refused(operation, subject, stopped, waits_as)
            return None
        if stopped is not None:
            rest = {other: one for other, one in self.life.stopped.items() if other != key}
            self.life = self.life.model_copy(update={"stopped": rest})
        self.steps[key] = Step(key=key, operation=operation, request=request(), subject=subject, system=system)
        return None

    def _again(self, operation: Operation, stopped: Stopped, again_after: datetime | None) -> bool:
        """Whether the cause of a refusal may be gone: a hold is looked at again, an ERP's after what else it did."""
        if again_after is not None and stopped.at < again_after:
            return True
        if not stopped.held:
            return False
        later = stopped.at + HELD_AGAIN
        if SIDE_OF[operation] is Side.ERP:
            erp = [done.at for key, done in self.life.done.items() if SIDE_OF[operation_of(key)] is Side.ERP]
            later = min([later, *(at for at in erp if at > stopped.at)])
        if later > self.facts.now:
            self.look(later)
        return later <= self.facts.now

    def refused(
        self, operation: Operation, subject: str, stopped: Stopped, waits_as: tuple[str, str] | None = None
    ) -> None:
        """It waits for the cause of the refusal."""
        words = f"{subject}: {_WORDS.get(operation, operation.value)}: {stopped.words}"
        code, way_out = waits_as or (stopped.code, "Repair the cause, then release it.")
        self.wait(code, words, way_out, _OWNERS[operation])

    def wait(self, code: str, words: str, way_out: str, owner: str = "operations", at: datetime | None = None) -> None:
        """A case, unless somebody has waived it. Several of one code are one case."""
        if code in self.life.waived:
            return
        known = self.waits.get(code)
        if known is not None:
            if words not in known.words:
                self.waits[code] = Waits(code, f"{known.words}; {words}", known.way_out, known.owner, known.at)
        else:
            self.waits[code] = Waits(code, words, way_out, owner, at)
        if at is not None:
            self.look(at)

    def look(self, at: datetime) -> None:
        """Look again then at the latest."""
        self.look_at = at if self.look_at is None else min(self.look_at, at)

    def keep_task(self, task: Task) -> None:
        """This is decided of a request, and kept before anything is sent."""
        self.life = self.life.with_task(task)

    def keep_shipment(self, shipment: Shipped) -> None:
        """This is decided of a shipment."""
        self.life = self.life.with_shipment(shipment)

    def plan(self) -> Plan:
        """The plan."""
        return Plan(
            life=self.life, steps=tuple(self.steps.values()), waits=tuple(self.waits.values()), look_at=self.look_at
        )


def operation_of(key: str) -> Operation:
    """The operation of an effect key.

    >>> operation_of("north:invoice.post:5123:s1").name
    'INVOICE'
    """
    return Operation(key.split(":")[1])


def pieces_in_words(lines: dict[str, int], names: dict[str, str]) -> str:
    """Quantities by line as people read them.

    >>> pieces_in_words({"11": 2}, {"11": "Harbour Tee"})
    '2 of Harbour Tee'
    """
    return ", ".join(f"{n} of {names.get(line, line)}" for line, n in lines.items())
