"""Whatever a warehouse does to its own stock is in the ERP once, however it is told and however the ERP fails."""

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from canonical.warehouse_messages import delivery_of
from flows.runtime import utc_now
from tests.fakes.logistics import FakeSettlement
from tests.fakes.unsteady import Unsteady
from tests.flows.lives.conftest import LifeHouse, opened_house
from tests.flows.lives.stock_told import moved, shelves, tell_all, told

EVENTS = 5_000
ITEMS = [f"SKU-{number}" for number in range(40)]
PLACES = ("DC-EAST", "DC-WEST", "ST-NYC1")


@pytest.mark.parametrize("seed", [11])
async def test_after_five_thousand_stock_events_warehouse_and_erp_agree(tmp_path: Path, seed: int) -> None:
    dice, books = random.Random(seed), FakeSettlement()
    began = utc_now() - timedelta(hours=2)
    events = [moved(number, dice, ITEMS, PLACES, began) for number in range(EVENTS)]
    erp = Unsteady(books, seed)
    async with opened_house(tmp_path, erp) as house:
        runs = await tell_all(house, told(events, dice), dice)
        keys = [posting.key for posting in books.of("movement")]
        effects = [
            one
            for start in range(0, EVENTS, 500)
            for one in (await house.store.effects(keys[start : start + 500])).values()
        ]
    posted = books.of("movement")
    assert shelves([event.movement for event in events if event.movement]) == shelves(posted)
    assert len(posted) == EVENTS == len({posting.key for posting in posted})
    assert Counter(effect.state.value for effect in effects) == {"settled": EVENTS}
    assert min(erp.refused, erp.lost, erp.put_off) > 1, f"the ERP was too good in {runs} runs"


async def test_a_movement_that_a_gate_stops_holds_up_no_other(house: LifeHouse) -> None:
    good, bad = (moved(number, random.Random(1), ["TEE-1"], ["DC-EAST", "DC-WEST"], utc_now()) for number in (1, 2))
    assert bad.movement is not None
    nothing = bad.model_copy(update={"movement": bad.movement.model_copy(update={"quantity": Decimal(0)})})
    await house.store.put([delivery_of(event, "north") for event in (good, nothing)])
    await house.fulfil()
    assert [posting.key.rsplit(":", 1)[-1] for posting in house.settlement.of("movement")] == [good.id]
    assert [case.reason_code for case in await house.store.cases()] == ["quantity_zero"]


async def test_while_the_erp_is_away_movements_wait_as_long_as_it_takes_and_uncounted(house: LifeHouse) -> None:
    await house.store.put([delivery_of(moved(1, random.Random(1), ["TEE-1"], ["DC-EAST"], utc_now()), "north")])
    house.settlement.down = True
    for _ in range(house.rt.settings.attempts + 2):
        await house.fulfil()
        house.wait(minutes=6)
    house.settlement.down = False
    house.wait(minutes=6)
    await house.fulfil()
    assert len(house.settlement.of("movement")) == 1
    assert await house.store.summary() == []
