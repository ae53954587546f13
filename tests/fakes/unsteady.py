"""A system that fails now and then: it refuses the line, loses the answer, or puts single postings off. Seeded."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from canonical.errors import RetryableError
from canonical.outcomes import Failed, Outcome


class Unsteady:
    """Stands before the ERP's port. `calm` ends the trouble. Counts what it did to whom."""

    def __init__(self, erp: Any, seed: int) -> None:
        self.erp, self.system, self.calm = erp, erp.system, False
        self.dice = random.Random(seed)
        self.refused = self.lost = self.put_off = 0

    def __getattr__(self, name: str) -> Any:
        """Everything else as it is."""
        return getattr(self.erp, name)

    async def post_movements(self, postings: Sequence[Any]) -> list[Outcome[Any]]:
        """Post them, more or less."""
        return await self._call(self.erp.post_movements, postings)

    async def _call(
        self, post: Callable[[Sequence[Any]], Awaitable[list[Outcome[Any]]]], postings: Sequence[Any]
    ) -> list[Outcome[Any]]:
        throw = 1.0 if self.calm else self.dice.random()
        if throw < 0.15:
            self.refused += 1
            raise RetryableError("it does not answer", code="down")
        if throw < 0.3:
            await post(postings[: self.dice.randint(0, len(postings))])
            self.lost += 1
            raise RetryableError("the line broke", code="line_broke", maybe_applied=True)
        outcomes = await post(postings)
        if throw < 0.5:
            place = self.dice.randrange(len(outcomes))
            outcomes[place] = Failed(RetryableError("the row is locked", code="locked", maybe_applied=True))
            self.put_off += 1
        return outcomes
