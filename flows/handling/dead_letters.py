"""Dead letters: messages that were claimed again and again without an end, because whoever worked on them died.

Errors a document causes never lead here (they hold or quarantine it); this is the last net, and it is visible.
"""

from collections.abc import Sequence

from canonical.records import AuditEntry, Batch, Case, CaseKind, Message, MessageVerdict
from canonical.states import MessageState
from flows.runtime import Runtime


async def bury(rt: Runtime, owner: str, messages: Sequence[Message]) -> None:
    """Dead-letter the messages, each with a case that says how to try again."""
    await rt.store.commit(
        Batch(
            owner=owner,
            messages=tuple(
                MessageVerdict(seq=m.seq, state=MessageState.DEAD, reason="worn_out", count_attempt=False)
                for m in messages
            ),
            open_cases=tuple(_case(rt, m) for m in messages),
            audit=tuple(
                AuditEntry(
                    at=rt.now(),
                    actor="crossdock",
                    action="message.dead-lettered",
                    scope=m.scope,
                    aggregate_key=m.aggregate_key,
                    correlation_id=m.correlation_id,
                    detail={"delivery": m.delivery_key, "attempts": m.attempts},
                )
                for m in messages
            ),
        )
    )


def _case(rt: Runtime, message: Message) -> Case:
    return Case(
        kind=CaseKind.DEAD_LETTERED,
        scope=message.scope,
        aggregate_key=message.aggregate_key,
        correlation_id=message.correlation_id,
        document=f"message {message.delivery_key}",
        reason_code="worn_out",
        words=f"Handling this message ended {message.attempts} times without a result (the worker died each time).",
        way_out="Look at the worker's log of those runs, then replay the message.",
        owner="integration",
        opened_at=rt.now(),
    )
