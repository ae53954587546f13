"""A 3PL that answers by file, in the flows: hours later, in part, twice. The connector is real, on a folder."""

from pathlib import Path
from typing import Any

import pytest

from canonical.records import Effect
from canonical.returns import Return, ReturnLine, ReturnStatus
from canonical.rules import example
from canonical.states import ReturnState
from canonical.warehouse import WarehouseState
from connectors.file_3pl.settings import File3plSettings
from connectors.file_3pl.warehouse import File3pl
from deployments.cli import lives as command
from deployments.sandbox.three_pl.house import ThreePl
from flows.handling.lives.mismatches import compare
from flows.handling.lives.sweeping import poll_warehouse
from tests.flows.lives.conftest import LifeHouse
from tests.flows.lives.test_mismatches import AT_ONCE
from tests.unit.lifecycle.lives import order_of

ORDER = order_of(2)
OTHER = example.order(id="5002", name="#1002")


class Harbour:
    """The house, and the people of the 3PL who ship from DC-WEST."""

    def __init__(self, house: LifeHouse, root: Path) -> None:
        self.house, self.people = house, ThreePl(root)
        systems: Any = house.rt.house.warehouses["north"]
        systems["parcels"] = File3pl("parcels", File3plSettings(url=str(root)))

    async def hear(self) -> None:
        """Their files are read, and one run of each flow takes it on."""
        await poll_warehouse(self.house.rt, "north", "parcels", self.house.rt.house.warehouses["north"]["parcels"])
        await self.house.fulfil()
        await self.house.take_back()

    async def effects(self, operation: str) -> list[Effect]:
        """What was asked of them."""
        keys = [key for order in (ORDER, OTHER) for key in (await self.house.life(order)).done if operation in key]
        return list((await self.house.store.effects(keys)).values())

    async def states(self, operation: str) -> list[str]:
        """How that stands."""
        return [effect.state.value for effect in await self.effects(operation)]

    async def overdue(self) -> list[str]:
        """What the command line names as overdue, by effect key."""
        late, _ = await command._overdue(60)
        return [row[2] for row in late]


@pytest.fixture
async def harbour(house: LifeHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harbour:
    """Only DC-WEST has goods; two orders were handed over, and nobody answered yet."""
    await house.stock(east={"TEE-1": 0})
    found = Harbour(house, tmp_path / "harbour")
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{house.file}")
    monkeypatch.setattr(command, "now", house.rt.now)
    await house.book(ORDER, OTHER)
    await found.hear()
    return found


async def test_answers_hours_late_in_part_and_twice_settle_what_they_answer_and_the_rest_is_overdue(
    harbour: Harbour,
) -> None:
    request = "fulfillment-request.create"
    assert await harbour.states(request) == ["awaiting_ack", "awaiting_ack"]
    assert await harbour.overdue() == []
    harbour.house.wait(hours=30)
    first, second = harbour.people.take_orders()
    assert sorted(await harbour.overdue()) == sorted([first["key"], second["key"]])
    harbour.people.answer([first], times=2)
    await harbour.hear()
    assert sorted(await harbour.states(request)) == ["awaiting_ack", "settled"]
    assert await harbour.overdue() == [second["key"]]
    harbour.people.answer([first, second])
    await harbour.hear()
    assert await harbour.states(request) == ["settled", "settled"]
    assert await harbour.overdue() == []
    assert len(list(harbour.people.tasks)) == 2


async def test_a_revision_and_a_cancellation_by_file_wait_for_their_own_answers(harbour: Harbour) -> None:
    harbour.people.answer(harbour.people.take_orders())
    await harbour.hear()
    now = harbour.house.rt.now()
    line, (request,) = example.line(quantity=2, current_quantity=1), order_of(1).fulfillment_orders
    less = order_of(1, lines=(line,), fulfillment_orders=(request,), updated_at=now)
    gone = OTHER.model_copy(update={"cancelled_at": now, "updated_at": now})
    await harbour.house.arrive(less, topic="orders/updated")
    await harbour.house.arrive(gone, topic="orders/cancelled")
    await harbour.house.drain_orders()
    await harbour.hear()
    assert await harbour.states("fulfillment-request.amend") == ["awaiting_ack"]
    assert await harbour.states("fulfillment-request.cancel") == ["awaiting_ack"]
    harbour.people.answer(harbour.people.take_orders(), times=2)
    await harbour.hear()
    assert await harbour.states("fulfillment-request.amend") == ["settled"]
    assert await harbour.states("fulfillment-request.cancel") == ["settled"]
    harbour.house.wait(hours=30)
    assert await harbour.overdue() == []
    assert (await harbour.house.life(OTHER)).tasks[0].state is WarehouseState.CANCELLED


async def test_a_return_receipt_that_comes_as_a_file_is_credited_and_refunded_once_inspected(harbour: Harbour) -> None:
    house, people = harbour.house, harbour.people
    people.answer(people.take_orders())
    (key,) = [task.key for task in (await house.life(ORDER)).tasks]
    people.pick(key)
    people.pack(key, [("1Z12345E6605272234", {"TEE-1": 2})])
    people.hand_over(key, times=2)
    await harbour.hear()
    assert (await house.life(ORDER)).shipped == {"11": 2}
    line = ReturnLine(id="rl1", line_id="11", quantity=1, reason="unwanted")
    house.returns.returns["r1"] = Return(
        id="r1", shop="north", order_id=ORDER.id, name="#1001-R1", status=ReturnStatus.REQUESTED, lines=(line,)
    )
    await house.told_of_return("r1", ORDER)
    await harbour.hear()
    receipt = people.receive(key, "r1", {"TEE-1": 1})
    await harbour.hear()
    assert (house.settlement.of("credit"), house.returns.refunds) == ([], {})
    people.inspect(receipt, {"TEE-1": {"restock": 1}})
    await harbour.hear()
    await harbour.hear()
    (credit,) = house.settlement.of("credit")
    ((_, refund),) = house.returns.refunds.values()
    assert refund.total is not None
    assert credit.total == refund.total.shop
    assert (await house.life(ORDER)).returns[0].state is ReturnState.CLOSED
    assert await house.cases(ORDER) == {}
    assert (await compare(house.rt, quiet=AT_ONCE)).rows == []
