"""The gateway with its store switched off: the same program, the same checks, and nothing kept. Never for real use."""

from collections.abc import Sequence
from typing import cast

from canonical.ports import StateStore
from canonical.records import Cursor, Delivery
from deployments.gateway.__main__ import main


class NullInbox:
    """Says "new" to everything and keeps nothing."""

    async def put(self, deliveries: Sequence[Delivery]) -> list[bool]:
        return [True] * len(deliveries)

    async def pending(self, kind: str) -> int:
        return 0

    async def cursor(self, scope: str, name: str) -> Cursor | None:
        return None

    async def check(self) -> None:
        """There is nothing to ask."""

    async def aclose(self) -> None:
        """There is nothing to close."""


async def no_store() -> StateStore:
    return cast("StateStore", NullInbox())


if __name__ == "__main__":
    raise SystemExit(main(open_store=no_store))
