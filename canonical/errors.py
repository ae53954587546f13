"""Errors that say what to do next.

    CrossdockError
     +- RetryableError       throttled, unavailable, timed out: the same request may work later
     +- RejectedError        the data is wrong: quarantine the document, a person repairs it
     +- HeldError            a business rule says wait: for a person, a later event or a time
     +- MisconfiguredError   a setting or credential is wrong: stop the lane, alert, burn no attempts
     +- ConflictError        same key with other content, or a stale compare: re-read and decide

Every retry mechanism of the house, and which class reaches it:

    mechanism                       reaches it                    what stops it
    -----------------------------   ---------------------------   -----------------------------------------
    connector attempt (in a call)   RetryableError, reads only    3 attempts; writes go back to the ledger
    posting step (task retry)       RetryableError                back-off with jitter, attempts of the policy;
                                                                  only the documents that failed are sent again
    lane breaker                    RetryableError in a row,      opens: the lane is parked, messages keep their
                                    MisconfiguredError at once    place and no attempt is counted
    flow rerun / sweep schedule     everything not settled        the ledger: settled effects are skipped,
                                                                  `sent` ones are read back by key first
    lease expiry (dead worker)      no error reached anybody      another worker claims; the ledger as above
    hold release                    HeldError                     a person, a later webhook, or the time given
    repair and replay               RejectedError, ConflictError  a person; nothing retries these by itself
    Shopify's webhook redelivery    a non-2xx of the gateway      8 times in 4 hours, same delivery key
    zombie automation               a run without heartbeat       the run is marked Crashed; leases do the rest
"""

from typing import ClassVar


class CrossdockError(Exception):
    """Something went wrong with a document, and the class says what happens next.

    `words` is the reason in business words; it never holds secrets or customer data. `code` is stable and
    searchable. `document` and `field` name the place; `way_out` says what a person can do.
    """

    disposition: ClassVar[str] = "unknown"

    def __init__(
        self,
        words: str,
        *,
        code: str,
        document: str | None = None,
        field: str | None = None,
        way_out: str | None = None,
    ) -> None:
        super().__init__(words)
        self.words, self.code = words, code
        self.document, self.field, self.way_out = document, field, way_out

    def __str__(self) -> str:
        place = " ".join(part for part in (self.document, self.field) if part)
        text = f"{place}: {self.words}" if place else self.words
        return f"{text} ({self.code}). {self.way_out}" if self.way_out else f"{text} ({self.code})"


class RetryableError(CrossdockError):
    """The other side could not answer now.

    `maybe_applied` is true when the request may have taken effect (time-out, lost reply): the effect stays `sent`
    and is read back by its key before anything is sent again. `retry_after` is the other side's own word, seconds.
    """

    disposition = "retry"

    def __init__(
        self,
        words: str,
        *,
        code: str,
        document: str | None = None,
        field: str | None = None,
        way_out: str | None = None,
        maybe_applied: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(words, code=code, document=document, field=field, way_out=way_out)
        self.maybe_applied, self.retry_after = maybe_applied, retry_after


class RejectedError(CrossdockError):
    """The other side, or a gate of ours, refuses the content. It will refuse it again."""

    disposition = "quarantine"


class HeldError(CrossdockError):
    """A business rule wants the document to wait."""

    disposition = "hold"


class MisconfiguredError(CrossdockError):
    """A setting, credential, scope or mapping table is wrong. No document of the lane can pass."""

    disposition = "stop"


class ConflictError(CrossdockError):
    """The same key already stands for other content, or the value compared with has moved on."""

    disposition = "re-read"
