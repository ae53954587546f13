"""What the rules say about an order: verdicts of single checks, and the decision made of all of them."""

from enum import StrEnum
from typing import Self

from canonical.model import Code, Model, Text, Utc
from canonical.states import OrderState


class DecisionOutcome(StrEnum):
    """What becomes of the order now."""

    ACCEPTED = "accepted"
    HELD = "held"
    QUARANTINED = "quarantined"
    SKIPPED = "skipped"


class Owner(StrEnum):
    """Whose turn it is."""

    OPERATIONS = "operations"
    FINANCE = "finance"
    FRAUD = "fraud"
    MASTER_DATA = "master data"


class Release(StrEnum):
    """What lets a held order go on. Several may apply; the first that happens does."""

    BY_HAND = "by hand"
    BY_WEBHOOK = "by a later webhook"
    BY_MAPPING = "by adding the mapping"
    BY_TIME = "by time"


class Verdict(Model):
    """One check's objection: a stable code, the reason in business words, the way out and whose turn it is.

    Words name products and documents, never customers. `release_at` goes with `Release.BY_TIME`.
    """

    code: Code
    outcome: DecisionOutcome
    words: Text
    way_out: Text
    owner: Owner
    release: tuple[Release, ...] = ()
    release_at: Utc | None = None

    @property
    def waivable(self) -> bool:
        """Whether a person may overrule it. Wrong data is repaired, a missing mapping is added: neither is waived."""
        return self.outcome is DecisionOutcome.SKIPPED or Release.BY_HAND in self.release


class Decision(Model):
    """All findings about one order, and the outcome they lead to. `waived` are the codes a person overruled."""

    outcome: DecisionOutcome
    findings: tuple[Verdict, ...] = ()
    waived: tuple[Code, ...] = ()

    @classmethod
    def of(cls, found: tuple[Verdict, ...], waived: frozenset[str] = frozenset()) -> Self:
        """Skipping goes before quarantine before holding: nobody repairs an order that is not going to be booked."""
        overruled = tuple(v.code for v in found if v.code in waived and v.waivable)
        findings = tuple(v for v in found if v.code not in overruled)
        stated = {v.outcome for v in findings}
        for outcome in (DecisionOutcome.SKIPPED, DecisionOutcome.QUARANTINED, DecisionOutcome.HELD):
            if outcome in stated:
                return cls(outcome=outcome, findings=findings, waived=overruled)
        return cls(outcome=DecisionOutcome.ACCEPTED, findings=findings, waived=overruled)

    @property
    def blocking(self) -> tuple[Verdict, ...]:
        """The findings that led to the outcome."""
        return tuple(v for v in self.findings if v.outcome is self.outcome)

    @property
    def state(self) -> OrderState:
        """The state the order goes to."""
        if any(v.code == "cancelled_before_booking" for v in self.blocking):
            return OrderState.CANCELLED
        return OrderState(self.outcome.value)
