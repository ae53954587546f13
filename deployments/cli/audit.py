"""`crossdock audit verify`: does the audit prove itself?"""

import asyncio

from deployments.cli.context import console, opened_store


def verify() -> int:
    """Check the hash chain of the audit from its first line to its last. Ends with 1 at the first broken place."""
    count, broken = asyncio.run(_verify())
    if broken is not None:
        console.print(f"BROKEN after {count} lines: {broken}")
        return 1
    console.print(f"The audit is whole: {count} lines.")
    return 0


async def _verify() -> tuple[int, str | None]:
    async with opened_store() as store:
        return await store.verify_audit()
