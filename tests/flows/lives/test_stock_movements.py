"""Whatever a warehouse does to its own stock is in the ERP once, however it is told and however the ERP fails."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from canonical.mapping.kinds import MappingKind, MappingRow
from canonical.mapping.table import TableMappings
from canonical.records import CaseKind
from canonical.rules import example
from canonical.rules.lifecycle.policy import LifePolicies, MovementPolicy
from canonical.warehouse import WarehouseEvent
from canonical.warehouse_messages import delivery_of
from flows.handling.releases import release_mapped
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


async def test_a_reason_in_the_warehouses_own_words_waits_alone_until_it_is_mapped(house: LifeHouse) -> None:
    plain, own = await told_in_its_own_words(house)
    assert [posting.key.rsplit(":", 1)[-1] for posting in house.settlement.of("movement")] == [plain.id]
    (case,) = await house.store.cases()
    assert (case.kind, case.reason_code) == (CaseKind.HELD, "reason_unmapped")
    assert case.words.startswith("wms gives 'water damage' as the reason why -2 of TEE-1 moved at DC-EAST")
    row = MappingRow(kind=MappingKind.REASONS, shop="*", key=("movement", "water damage"), value="scrap")
    house.rt = replace(house.rt, mappings=TableMappings((*example.MAPPINGS.rows, row)))
    assert await release_mapped(house.rt) == 1
    await house.fulfil()
    booked = house.settlement.of("movement")[-1]
    assert (booked.reason, booked.words, booked.quantity) == ("scrap", "water damage", Decimal(-2))
    assert await house.store.cases() == await house.store.summary() == []
    assert own.id in booked.key


async def test_a_reason_that_nobody_maps_goes_to_the_account_for_such_with_its_words(house: LifeHouse) -> None:
    house.rt.house.lifecycle.holds = LifePolicies(movements=MovementPolicy(default_account="5.2.9"))
    await told_in_its_own_words(house)
    booked = {posting.words: posting for posting in house.settlement.of("movement")}
    assert (booked["water damage"].reason, booked["water damage"].account) == ("other", "5.2.9")
    assert booked[None].account is None
    assert await house.store.cases() == []


async def told_in_its_own_words(house: LifeHouse) -> tuple[WarehouseEvent, WarehouseEvent]:
    """A count, and something with a reason that is none of ours."""
    plain, own = (moved(number, random.Random(1), ["TEE-1"], ["DC-EAST"], utc_now()) for number in (1, 2))
    assert plain.movement is not None
    damage = plain.movement.model_copy(update={"reason": "water damage", "quantity": Decimal(-2)})
    own = own.model_copy(update={"movement": damage})
    await house.store.put([delivery_of(event, "north") for event in (plain, own)])
    await house.fulfil()
    return plain, own
