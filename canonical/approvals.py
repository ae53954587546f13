"""Approvals: a row of ours, bound to an authenticated principal who is not the requester.

A run of the engine that waits for one is only a way to show it. Resumed without an approval, it stays held.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from canonical.model import Code, Model, Text, Utc


class ApprovalState(StrEnum):
    """pending -> approved | rejected | expired; approved -> used, once."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"  # nobody decided in time, nobody used it in time, or a request of other content replaced it
    USED = "used"


class ApprovalRequest(Model):
    """What is asked. `key` is a function of the business change: asking again for the same change is the same request.

    `digest` is the digest of what exactly would be done; an approval of other content is none.
    """

    key: Code
    scope: Code
    kind: Code  # mass_change, price_jump, mass_archive, refund_limit, mapping
    role: Code  # the role an approver needs
    subject: Code  # the document or batch, for people
    words: Text  # why it waits, in business words
    detail: dict[str, Any] = Field(default_factory=dict)
    digest: Code
    requested_by: Code
    correlation_id: Code
    run_id: str | None = None
    expires_at: Utc | None = None


STANDS_FOR: Final = timedelta(days=1)
"""How long a decision stands: an approval lapses unused, a rejection may be asked again, a retry may use again."""

CODE_VALID_FOR: Final = timedelta(minutes=10)
"""How long a one-time code may be used."""


class Approval(Model):
    """A request and what became of it.

    `forms` counts the forms handed in at the engine's UI, `refusal` says why the last one counted for nothing.
    """

    id: int
    request: ApprovalRequest
    state: ApprovalState
    requested_at: Utc
    decided_by: str | None = None
    decided_at: Utc | None = None
    note: str | None = None
    forms: int = 0
    refusal: str | None = None
    used_at: Utc | None = None
    finished_at: Utc | None = None
