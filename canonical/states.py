"""States as tables, validated at start and drawn from the table (`python -m canonical.states`).

A state nobody reaches, a transition to a state that does not exist, or a dead end that is not final is an error.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from canonical.model import Model


class OrderState(StrEnum):
    RECEIVED = "received"  # in the inbox, not yet translated
    ACCEPTED = "accepted"  # checked, waiting to be posted
    HELD = "held"  # a business rule says wait
    QUARANTINED = "quarantined"  # failed a gate, a person repairs it
    SKIPPED = "skipped"  # a test order, marked and not booked
    POSTED = "posted"  # booked in the ERP
    CANCELLED = "cancelled"  # cancelled at the channel, undone where booked
    CLOSED = "closed"  # nothing more to do


class FulfillmentOrderState(StrEnum):
    OPEN = "open"
    SCHEDULED = "scheduled"
    ON_HOLD = "on_hold"
    IN_PROGRESS = "in_progress"
    INCOMPLETE = "incomplete"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ReturnState(StrEnum):
    REQUESTED = "requested"
    DECLINED = "declined"
    AUTHORISED = "authorised"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    INSPECTED = "inspected"
    ESCALATED = "escalated"  # waits for an approver
    APPROVED = "approved"
    CREDITED = "credited"  # credit memo posted
    REFUNDED = "refunded"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class MessageState(StrEnum):
    READY = "ready"  # may be claimed
    CLAIMED = "claimed"  # a worker holds the lease
    DONE = "done"  # handled
    HELD = "held"  # waits for its document to be released
    QUARANTINED = "quarantined"
    DEAD = "dead"  # dead-lettered: gave up


class EffectState(StrEnum):
    INTENDED = "intended"  # the intent is committed, nothing was sent
    SENT = "sent"  # a request left; the outcome is not known yet
    AWAITING_ACK = "awaiting_ack"  # taken by a system that answers later
    SETTLED = "settled"  # done, external id saved
    FAILED = "failed"  # refused; repaired content gets a new attempt


class StateTable(Model):
    """The transitions of one machine: from each state to the states it may become."""

    name: str
    start: str
    transitions: Mapping[str, tuple[str, ...]]
    final: tuple[str, ...] = ()

    def allows(self, current: str, target: str) -> bool:
        """Whether the step is in the table. Staying where one is, is always allowed."""
        return current == target or target in self.transitions.get(current, ())

    def problems(self) -> list[str]:
        """Everything wrong with the table, in words; empty when it is sound."""
        states = set(self.transitions)
        found = [
            f"{self.name}: {a} leads to {b}, which is not a state"
            for a, targets in self.transitions.items()
            for b in targets
            if b not in states
        ]
        reached, queue = {self.start}, [self.start]
        while queue:
            for target in self.transitions.get(queue.pop(), ()):
                if target not in reached:
                    reached.add(target)
                    queue.append(target)
        found += [f"{self.name}: {s} is never reached" for s in sorted(states - reached)]
        found += [
            f"{self.name}: {s} is a dead end but not final"
            for s, t in self.transitions.items()
            if not t and s not in self.final
        ]
        return found

    def diagram(self) -> str:
        """The table as a mermaid state diagram."""
        rows = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        rows += [f"    {a} --> {b}" for a, targets in self.transitions.items() for b in targets]
        rows += [f"    {s} --> [*]" for s in self.final]
        return "\n".join(rows)


O, F, R, M, E = OrderState, FulfillmentOrderState, ReturnState, MessageState, EffectState  # noqa: E741

ORDER: Final = StateTable(
    name="order",
    start=O.RECEIVED,
    final=(O.CLOSED, O.CANCELLED),
    transitions={
        O.RECEIVED: (O.ACCEPTED, O.HELD, O.QUARANTINED, O.SKIPPED, O.CANCELLED),
        O.ACCEPTED: (O.POSTED, O.HELD, O.QUARANTINED, O.CANCELLED),
        O.HELD: (O.ACCEPTED, O.HELD, O.QUARANTINED, O.SKIPPED, O.CANCELLED, O.POSTED),
        O.QUARANTINED: (O.ACCEPTED, O.HELD, O.SKIPPED, O.CANCELLED),
        O.SKIPPED: (O.ACCEPTED, O.HELD, O.CANCELLED, O.CLOSED),
        O.POSTED: (O.CANCELLED, O.CLOSED, O.HELD),
        O.CANCELLED: (),
        O.CLOSED: (),
    },
)
FULFILLMENT_ORDER: Final = StateTable(
    name="fulfillment order",
    start=F.OPEN,
    final=(F.CLOSED, F.CANCELLED),
    transitions={
        F.OPEN: (F.IN_PROGRESS, F.ON_HOLD, F.SCHEDULED, F.CLOSED, F.CANCELLED),
        F.SCHEDULED: (F.OPEN, F.ON_HOLD, F.CANCELLED),
        F.ON_HOLD: (F.OPEN, F.SCHEDULED, F.CANCELLED),
        F.IN_PROGRESS: (F.CLOSED, F.INCOMPLETE, F.OPEN, F.CANCELLED),
        F.INCOMPLETE: (F.CLOSED,),
        F.CLOSED: (),
        F.CANCELLED: (),
    },
)
RETURN: Final = StateTable(
    name="return",
    start=R.REQUESTED,
    final=(R.CLOSED, R.DECLINED, R.CANCELLED),
    transitions={
        R.REQUESTED: (R.AUTHORISED, R.DECLINED, R.CANCELLED, R.RECEIVED, R.REFUNDED),  # goods may be quicker than words
        R.AUTHORISED: (R.IN_TRANSIT, R.RECEIVED, R.REFUNDED, R.CANCELLED, R.CLOSED),  # refunded in the shop first
        R.IN_TRANSIT: (R.RECEIVED, R.REFUNDED, R.CANCELLED, R.CLOSED),
        R.RECEIVED: (R.INSPECTED, R.APPROVED, R.ESCALATED, R.REFUNDED, R.CLOSED),  # credited unseen, by policy
        R.INSPECTED: (R.APPROVED, R.ESCALATED, R.RECEIVED, R.REFUNDED, R.CLOSED),  # more came; nothing is paid for it
        R.ESCALATED: (R.APPROVED, R.DECLINED, R.REFUNDED),
        R.APPROVED: (R.CREDITED, R.REFUNDED),
        R.CREDITED: (R.REFUNDED, R.CLOSED, R.RECEIVED, R.INSPECTED),  # a part of it was settled, the rest came
        R.REFUNDED: (R.CREDITED, R.CLOSED, R.IN_TRANSIT, R.RECEIVED, R.INSPECTED),
        R.DECLINED: (),
        R.CANCELLED: (),
        R.CLOSED: (),
    },
)
MESSAGE: Final = StateTable(
    name="message",
    start=M.READY,
    final=(M.DONE, M.DEAD),
    transitions={
        M.READY: (M.CLAIMED,),
        M.CLAIMED: (M.DONE, M.READY, M.HELD, M.QUARANTINED, M.DEAD),
        M.HELD: (M.READY, M.DONE),
        M.QUARANTINED: (M.READY, M.DONE),
        M.DEAD: (M.READY,),
        M.DONE: (M.READY,),  # a replay by hand
    },
)
EFFECT: Final = StateTable(
    name="effect",
    start=E.INTENDED,
    final=(E.SETTLED,),
    transitions={
        E.INTENDED: (E.SENT, E.FAILED),
        E.SENT: (E.SETTLED, E.AWAITING_ACK, E.FAILED, E.INTENDED),
        E.AWAITING_ACK: (E.SETTLED, E.FAILED),
        E.FAILED: (E.INTENDED,),
        E.SETTLED: (),
    },
)
TABLES: Final = (ORDER, FULFILLMENT_ORDER, RETURN, MESSAGE, EFFECT)

if __name__ == "__main__":
    import sys

    pages = (f"## {t.name}\n\n```mermaid\n{t.diagram()}\n```" for t in TABLES)
    sys.stdout.write("\n\n".join(("# States\n\nDrawn from the tables in `canonical/states.py`.", *pages)) + "\n")
