"""The steps of lives without Prefect. `flows.steps.lives` wraps each as a task; tests call these."""

from collections.abc import Sequence

from canonical.records import Message
from flows.handling.lives import carrying, hearing, living, movements
from flows.handling.lives.papers import LifeBatch, Wave
from flows.runtime import Runtime


async def hear(rt: Runtime, batch: LifeBatch) -> int:
    """Load the lives, gate what came, and fold it in. Returns how many lives have news."""
    await rt.renew_mappings()
    rt.house.renew()
    return await hearing.hear(rt, batch)


async def carry(rt: Runtime, wave: Wave) -> bool:
    """Carry out one operation at one system for many orders; true when all of it is settled."""
    return await carrying.carry_out(rt, wave)


async def close(rt: Runtime, batch: LifeBatch) -> None:
    """End the messages and keep what each order waits for."""
    await living.close(rt, batch)


async def move_stock(rt: Runtime, company: str, owner: str, messages: Sequence[Message]) -> int:
    """Book what warehouses did with their own stock in the ERP, once each. Returns how many were booked."""
    return await movements.move_stock(rt, company, owner, messages)
