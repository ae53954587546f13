"""Writes whose answer may get lost: what was done is looked for before anything is sent again."""

from asyncio import Semaphore, gather, sleep
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RejectedError, RetryableError
from canonical.outcomes import Failed, Outcome, Settled
from connectors.shopify.client import ShopifyClient
from connectors.shopify.errors import user_error

T = TypeVar("T")
PAUSES: Final = (0.2, 1.0, 2.0)
"""Seconds before each look for what a request with a lost answer did: it may still be at work."""
AT_ONCE: Final = 4
"""Calls that are under way at a shop at the same time: its budget paces them."""
WAY_OUT_ID: Final = "Take the id from what the shop shows, then replay."


async def change(
    client: ShopifyClient,
    operation: str,
    root: str,
    variables: Mapping[str, Any],
    document: str,
    errors: str = "userErrors",
) -> dict[str, Any]:
    """The payload of one mutation. Raises our error for its user errors."""
    answer = await client.call(operation, variables, document=document)
    payload: dict[str, Any] = answer.data.get(root) or {}
    if found := payload.get(errors):
        raise user_error(found, answer.headers, document)
    return payload


async def once(find: Callable[[], Awaitable[T | None]], send: Callable[[], Awaitable[T]]) -> T:
    """What is there already, else what `send` makes. A lost answer, or a refusal, is settled by looking again.

    Nothing is sent twice: while it is not known what became of it, the error is raised with `maybe_applied`, and the
    caller asks again later, which starts with looking.
    """
    if (found := await find()) is not None:
        return found
    return await settled(find, send)


async def settled(find: Callable[[], Awaitable[T | None]], send: Callable[[], Awaitable[T]]) -> T:
    """What `send` makes; a lost answer, or a refusal, is settled by looking.

    By itself only where the shop refuses a second time (a state that is reached once): else `once` looks first.
    """
    try:
        return await send()
    except RetryableError as error:
        if not error.maybe_applied:
            raise
        return await read_back(find, error)
    except (RejectedError, ConflictError):
        if (found := await find()) is not None:
            return found
        raise


async def read_back(find: Callable[[], Awaitable[T | None]], error: RetryableError) -> T:
    """What a request with a lost answer made. Raises its error when it cannot be seen."""
    for pause in PAUSES:
        await sleep(pause)
        try:
            found = await find()
        except RetryableError:
            continue
        if found is not None:
            return found
    raise error


async def outcome(work: Awaitable[T]) -> Outcome[T]:
    """The outcome of one piece of work."""
    try:
        return Settled(await work)
    except CrossdockError as error:
        return Failed(error)


async def few_at_once(works: Sequence[Callable[[], Awaitable[T]]]) -> list[Outcome[T]]:
    """The outcome of each, four at a time. After the shop went away the rest is not tried."""
    few, gone = Semaphore(AT_ONCE), list[CrossdockError]()

    async def one(work: Callable[[], Awaitable[T]]) -> Outcome[T]:
        async with few:
            if gone:
                return Failed(gone[0])
            found = await outcome(work())
            if isinstance(found, Failed) and isinstance(found.error, RetryableError | MisconfiguredError):
                gone.append(_not_sent(found.error))
            return found

    return list(await gather(*(one(work) for work in works)))


def _not_sent(error: CrossdockError) -> CrossdockError:
    """For those that were not tried: nothing of them can have reached the shop."""
    if isinstance(error, MisconfiguredError):
        return error
    words = f"not sent, because the shop went away: {error.words}"
    return RetryableError(words, code="not_sent", retry_after=getattr(error, "retry_after", None))


def need_id(value: str, field: str, document: str) -> str:
    """The id itself. Raises `RejectedError` when it is none of Shopify's: those are digits."""
    if not value.isdecimal():
        words = "this is no id of Shopify's: those are digits"
        raise RejectedError(words, code="id_invalid", document=document, field=field, way_out=WAY_OUT_ID)
    return value


def unknown(kind: str, document: str) -> RejectedError:
    """The shop has no such thing (any more)."""
    return RejectedError(f"the shop has no such {kind}", code=f"unknown_{kind}", document=document, way_out=WAY_OUT_ID)
