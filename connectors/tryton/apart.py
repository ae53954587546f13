"""Keep the bad ones apart: do something for many at once, and when that is refused, for halves, down to one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from canonical.errors import ConflictError, CrossdockError, HeldError, RejectedError

T = TypeVar("T")
R = TypeVar("R")
_FAULT_OF_ONE = (RejectedError, HeldError, ConflictError)


async def each_alone(
    many: Sequence[T], act: Callable[[Sequence[T]], Awaitable[Sequence[R]]]
) -> list[R | CrossdockError]:
    """What `act` gives for each, or the error that is its own fault; one bad among fifty costs about twelve calls.

    `act` is one call of the ERP, which does all or nothing. Any other error (unreachable, misconfigured) is nobody's
    fault: it goes to all that are left, and nothing more is tried.
    """
    results: list[R | CrossdockError] = []
    waiting = [many] if many else []
    while waiting:
        group = waiting.pop(0)
        try:
            results += await act(group)
        except _FAULT_OF_ONE as error:
            if len(group) == 1:
                results.append(error)
            else:
                middle = len(group) // 2
                waiting[:0] = [group[:middle], group[middle:]]
        except CrossdockError as error:
            results += [error] * sum(len(rest) for rest in (group, *waiting))
            break
    return results
