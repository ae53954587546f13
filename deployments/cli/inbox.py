"""`crossdock inbox` and `crossdock replay`."""

import asyncio

from deployments.cli.context import actor, age, console, now, opened_store, show


def inbox() -> int:
    """Show what is in the inbox by shop, kind and state, with ages, and which lanes are parked."""
    return asyncio.run(_inbox())


async def _inbox() -> int:
    async with opened_store() as store:
        summary, lanes = await store.summary(), await store.lanes()
    rows = [(r.scope, r.kind, r.state, r.count, age(r.oldest)) for r in summary]
    show("Inbox", ("shop", "kind", "state", "messages", "oldest"), rows)
    parked = [lane for lane in lanes if lane.parked_until is not None and lane.parked_until > now()]
    show(
        "Parked lanes",
        ("company", "system", "until (UTC)", "failures", "reason"),
        [(p.scope, p.system, f"{p.parked_until:%H:%M:%S}", p.failures, p.reason) for p in parked],
    )
    return 0


def replay(*deliveries: str) -> int:
    """Handle stored messages again, by delivery key (`crossdock trace` shows it). What is booked is not booked twice.

    Parameters
    ----------
    deliveries
        Delivery keys.
    """
    count = asyncio.run(_replay(list(deliveries)))
    console.print(f"{count} of {len(deliveries)} messages are ready again.")
    return 0 if count == len(deliveries) else 1


async def _replay(keys: list[str]) -> int:
    async with opened_store() as store:
        return await store.replay(keys, actor())
