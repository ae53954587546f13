"""A batch of documents that follow sales, on their way: each with its sale, its record in Tryton, its error or its end.

Tryton keeps only the key of a sale unique. The key of everything else is its `reference`, looked for before anything
is written; that is safe because the caller's lease lets one worker at a time write documents of one sale. Documents of
one sale in the same batch are taken in turn, since the second builds on what the first left.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

from canonical.errors import ConflictError, CrossdockError, RetryableError
from canonical.money import Money
from canonical.outcomes import Failed, Outcome, Settled
from canonical.settlement import ErpDocument
from connectors.tryton.apart import each_alone
from connectors.tryton.client import TrytonClient
from connectors.tryton.sold import Sold, SoldSales, missing

LARGEST_CALL = 50
"""Records of one call, as with sales."""


class Posting(Protocol):
    """What every request has."""

    @property
    def key(self) -> str: ...

    @property
    def sale_key(self) -> str: ...


class Keyed(Protocol):
    """What every request has, whether or not it follows a sale."""

    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=Keyed)
P = TypeVar("P", bound=Posting)
T = TypeVar("T", bound="Task[Any]")


@dataclass(slots=True)
class Task(Generic[K]):
    """One request on its way. `row` is its record as it was read last."""

    posting: K
    id: int | None = None
    row: dict[str, Any] = field(default_factory=dict)
    created: bool = False
    error: CrossdockError | None = None
    done: ErpDocument | None = None

    @property
    def open(self) -> bool:
        """Whether it has neither error nor end yet."""
        return self.error is None and self.done is None

    @property
    def state(self) -> str:
        """The state of its record; nothing while there is none."""
        return str(self.row.get("state") or "")

    def finish(self, total: Money | None = None) -> None:
        """Its end: the document that stands."""
        self.done = ErpDocument(
            key=self.posting.key,
            external_id=str(self.id),
            number=self.row.get("number"),
            state=self.state or None,
            total=total,
            created=self.created,
        )

    def outcome(self) -> Outcome[ErpDocument]:
        """What the caller gets."""
        if self.error is not None:
            if isinstance(self.error, RetryableError) and self.id is not None:
                self.error.maybe_applied = True  # whatever call failed, its record stands
            return Failed(self.error)
        if self.done is not None:
            return Settled(self.done)
        raced = RetryableError("Tryton left it unfinished", code="raced", document=self.posting.key, maybe_applied=True)
        return Failed(raced)


@dataclass(slots=True)
class Work(Task[P]):
    """A request that follows a sale."""

    sale: Sold = field(kw_only=True)

    def money(self, amount: Decimal) -> Money:
        """An amount in the currency of the sale."""
        return Money(amount=amount, currency=self.sale.currency_code)


async def in_turn(
    postings: Sequence[P], sales: SoldSales, post: Callable[[Sequence[Work[P]]], Awaitable[None]]
) -> list[Outcome[ErpDocument]]:
    """Post them all, one of each sale at a time, fifty at most in a call. One outcome each, in order."""
    waiting = _first_of_each_key(postings)
    outcomes: dict[str, Outcome[ErpDocument]] = {}
    while waiting:
        turn: dict[str, P] = {}
        for posting in waiting:
            if len(turn) < LARGEST_CALL:
                turn.setdefault(posting.sale_key, posting)
        taken = {posting.key for posting in turn.values()}
        waiting = [posting for posting in waiting if posting.key not in taken]
        outcomes |= await _turn(list(turn.values()), sales, post)
    return _in_order(postings, outcomes)


async def one_by_key(
    postings: Sequence[K], post: Callable[[Sequence[Task[K]]], Awaitable[None]]
) -> list[Outcome[ErpDocument]]:
    """Post what follows no sale, fifty in a call. One outcome each, in order."""
    waiting = _first_of_each_key(postings)
    outcomes: dict[str, Outcome[ErpDocument]] = {}
    for start in range(0, len(waiting), LARGEST_CALL):
        tasks = [Task(posting) for posting in waiting[start : start + LARGEST_CALL]]
        await _noting_errors(tasks, post)
        outcomes |= {task.posting.key: task.outcome() for task in tasks}
    return _in_order(postings, outcomes)


async def _turn(
    postings: Sequence[P], sales: SoldSales, post: Callable[[Sequence[Work[P]]], Awaitable[None]]
) -> dict[str, Outcome[ErpDocument]]:
    try:
        sold = await sales.by_key(posting.sale_key for posting in postings)
    except CrossdockError as error:
        return {posting.key: Failed(error) for posting in postings}
    works = [Work(posting, sale=sold[posting.sale_key]) for posting in postings if posting.sale_key in sold]
    await _noting_errors(works, post)
    outcomes: dict[str, Outcome[ErpDocument]] = {
        posting.key: Failed(missing(posting.key, posting.sale_key)) for posting in postings
    }
    return outcomes | {work.posting.key: work.outcome() for work in works}


async def _noting_errors(tasks: Sequence[T], post: Callable[[Sequence[T]], Awaitable[None]]) -> None:
    """Whatever fails the whole call is the error of those that have not come to their end."""
    if not tasks:
        return
    try:
        await post(tasks)
    except CrossdockError as error:
        for task in tasks:
            if task.open:
                task.error = error


def _first_of_each_key(postings: Sequence[K]) -> list[K]:
    first: dict[str, K] = {}
    for posting in postings:
        first.setdefault(posting.key, posting)
    return list(first.values())


def _in_order(postings: Sequence[K], outcomes: Mapping[str, Outcome[ErpDocument]]) -> list[Outcome[ErpDocument]]:
    first = {posting.key: posting for posting in _first_of_each_key(postings)}
    twice = "the batch holds another document with the same key"
    return [
        outcomes[posting.key] if posting == first[posting.key] else Failed(conflict(posting.key, twice))
        for posting in postings
    ]


async def each(tasks: Sequence[T], act: Callable[[Sequence[T]], Awaitable[Any]]) -> None:
    """Do one call for all of them, noting the errors of those that fail alone."""

    async def call(group: Sequence[T]) -> Sequence[T]:
        await act(group)
        return group

    for task, result in zip(tasks, await each_alone(tasks, call), strict=True):
        if isinstance(result, CrossdockError):
            task.error = result


async def press(client: TrytonClient, model: str, button: str, tasks: Sequence[Task[Any]]) -> None:
    """Press a button of the records of those that are open."""
    await each(
        [t for t in tasks if t.open and t.id is not None],
        lambda group: client.call(
            f"model.{model}.{button}", [t.id for t in group], records=[f"{model},{t.id}" for t in group]
        ),
    )


async def press_through(
    client: TrytonClient, model: str, steps: Sequence[tuple[str, str]], tasks: Sequence[Task[Any]]
) -> None:
    """Press buttons in turn, each for the records in its state and for those that the buttons before brought there.

    Nothing is read in between: Tryton passes over a record that is in another state, and the look afterwards shows it.
    """
    following: list[Task[Any]] = []
    for state, button in steps:
        following = [t for t in tasks if t.open and (t.state == state or any(t is one for one in following))]
        await press(client, model, button, following)


async def refresh(client: TrytonClient, model: str, tasks: Sequence[Task[Any]], fields: list[str]) -> None:
    """Read the records of those that are open again."""
    ids = [t.id for t in tasks if t.open and t.id is not None]
    if ids:
        rows = {row["id"]: row for row in await client.read(f"model.{model}.read", ids, fields)}
        for task in tasks:
            task.row = rows.get(task.id or 0, task.row)


def conflict(key: str, why: str) -> ConflictError:
    """The refusal of other content under a key that is taken."""
    return ConflictError(
        why,
        code="booked_with_other_content",
        document=key,
        way_out="Compare the document in Tryton with this one; find out which is right, and correct it there.",
    )
