"""Keys of the steps of returns, and how to find what a key belongs to."""

from collections.abc import Iterator

from canonical.ids import digest, effect_key, key_uuid
from canonical.life import OrderLife, ReturnLife, Settling
from canonical.returns import Refund
from canonical.states import ReturnState
from canonical.steps import Operation

REFUND_ALONE = "refund/"
BLIND = "blind/"


def key_of(life: OrderLife, operation: Operation, *subject: str) -> str:
    """The idempotency key of a step of this order."""
    return effect_key(life.shop, operation.value, life.order_id, *subject)


def is_done(life: OrderLife, key: str) -> bool:
    """Whether the other side has it for certain."""
    done = life.done.get(key)
    return done is not None and not done.awaiting


def settling_key(life: OrderLife, operation: Operation, return_: ReturnLife, settling: Settling) -> str:
    """The key of the credit memo or the refund of a settling."""
    return key_of(life, operation, return_.id, str(settling.number))


def approval_key(life: OrderLife, return_: ReturnLife, settling: Settling) -> str:
    """The key under which a settling is allowed."""
    return effect_key(life.shop, "refund.approve", life.order_id, return_.id, str(settling.number))


def paid_digest(settling: Settling) -> str:
    """The digest of what exactly is paid and credited: a decision about anything else is none."""
    paid = {"number", "lines", "total", "money", "tenders", "approval"}
    return digest(settling.model_dump(mode="json", include=paid))


def all_settlings(life: OrderLife) -> Iterator[tuple[ReturnLife, Settling]]:
    """Every settling with its return."""
    return ((return_, one) for return_ in life.returns for one in return_.settlings)


def by_note(life: OrderLife, note: str | None) -> tuple[ReturnLife, Settling] | None:
    """The settling whose key somebody noted: in words, or as the UUID that channels take for a key."""
    for return_, one in all_settlings(life):
        key = settling_key(life, Operation.REFUND, return_, one)
        words = (note or "").replace("[", " ").replace("]", " ").split()
        if key in words or key_uuid(key) in words:
            return return_, one
    return None


def made_refunds(life: OrderLife) -> list[tuple[str, str]]:
    """(key, the channel's id) of every refund of ours that is known to stand there."""
    return [
        (settling_key(life, Operation.REFUND, return_, one), one.refund_id)
        for return_, one in all_settlings(life)
        if one.refund_id is not None and not one.made_elsewhere
    ]


def with_settling(return_: ReturnLife, settling: Settling) -> ReturnLife:
    """The same return with this settling in place of the one of its number, or added."""
    known = {one.number: one for one in return_.settlings} | {settling.number: settling}
    return return_.model_copy(update={"settlings": tuple(known.values())})


def alone(place: str, refund: Refund) -> ReturnLife:
    """The return of a refund of which no return is known: one that we have not heard of, or none at all."""
    start = ReturnState.AUTHORISED if refund.return_id else ReturnState.REFUNDED
    return ReturnLife(id=place, state=start, opened_at=refund.created_at, updated_at=refund.created_at)


def without_stray(life: OrderLife, refund_id: str | None) -> OrderLife:
    """A refund that was heard before its return was known is no return of its own, unless it was settled as one."""
    stray = f"{REFUND_ALONE}{refund_id}"
    kept = tuple(one for one in life.returns if one.id != stray or one.settlings)
    return life if len(kept) == len(life.returns) else life.model_copy(update={"returns": kept})


def number_after(return_: ReturnLife) -> int:
    """The number of its next settling."""
    return max((one.number for one in return_.settlings), default=0) + 1


def is_alone(return_: ReturnLife) -> bool:
    """A refund without a return."""
    return return_.id.startswith(REFUND_ALONE)


def is_blind(return_: ReturnLife) -> bool:
    """Goods for which the channel has no return yet."""
    return return_.id.startswith(BLIND)
