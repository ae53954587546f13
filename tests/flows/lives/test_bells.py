"""Whatever waits for a drain has rung for it: nothing lies there until the next sweep."""

from types import SimpleNamespace
from typing import Any

from canonical.rules import example
from flows.draining import Drain
from flows.handling import work as order_work
from flows.handling.lives import work
from flows.handling.lives.messages import FULFILLMENT, RETURNS, WAREHOUSE
from flows.handling.lives.sweeping import ask_for
from flows.handling.lives.waking import ring_for_rest
from flows.life_draining import LifeDrain
from tests.flows.lives.conftest import LifeHouse

ORDER = example.order()


def told_meanwhile(house: LifeHouse, steps: Any, last: str) -> Any:
    """The steps of a drain, during whose last one a return is told and its own drain comes and finds nothing."""
    told = getattr(steps, last)

    async def and_then(*arguments: Any) -> Any:
        await house.told_of_return("r1", ORDER)
        await house.take_back()
        return await told(*arguments)

    return SimpleNamespace(**{**vars(steps), last: and_then})


async def test_a_return_told_while_fulfillment_holds_its_order_is_rung_for_when_it_lets_go(house: LifeHouse) -> None:
    rung: list[str] = []

    async def ring(kind: str) -> None:
        rung.append(f"{kind}: {await house.store.pending(kind)}")

    await house.book(ORDER)
    steps = told_meanwhile(house, work, "close")
    await LifeDrain(house.rt, steps, (FULFILLMENT, WAREHOUSE), None, linger=0, on_waiting=ring).run()
    assert rung == ["returns: 1"]


async def test_a_return_told_while_ingestion_holds_its_order_is_rung_for_when_it_lets_go(house: LifeHouse) -> None:
    rung: list[str] = []

    async def ring(kind: str) -> None:
        rung.append(kind)

    await house.arrive(ORDER)
    await Drain(house.rt, told_meanwhile(house, order_work, "check"), None, linger=0, on_life=ring).run()
    assert RETURNS in rung


async def test_a_run_that_puts_messages_for_another_flow_rings_for_it(house: LifeHouse) -> None:
    rung: list[str] = []

    async def ring(kind: str) -> None:
        rung.append(kind)

    await house.book(ORDER)
    await house.fulfil()
    await ring_for_rest(house.rt, ring, (FULFILLMENT, WAREHOUSE))
    assert rung == []
    await ask_for(house.rt, await house.store.find_orders(ORDER.name), "cli")
    await ring_for_rest(house.rt, ring, (FULFILLMENT, WAREHOUSE))
    assert rung == [RETURNS]
