"""The timeline of a document, from any of its ids."""

from datetime import timedelta

import pytest

from canonical.records import Batch, CaseClosing, EffectUpdate
from canonical.states import EffectState, MessageState, OrderState
from connectors.statestore.glance import quick_trace
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import (
    MINUTE,
    NOW,
    case,
    clock,
    delivery,
    done,
    entry,
    intent,
    order_record,
    reference,
)

IDS = {
    "order name": "#1001",
    "order name without its sign": "1001",
    "native id": "5001",
    "global id": "gid://web/Order/5001",
    "webhook id": "wh-5001",
    "delivery key": "north:web:wh-5001",
    "event id": "ev-5001",
    "correlation id": "corr-north-5001",
    "aggregate key": "north:order:5001",
    "effect key": "north:sales-order.create:5001",
    "ERP number": "SO77",
    "ERP id": "erp-77",
    "id known by cross reference only": "legacy-5001",
}


async def _one_life(store: SqlStateStore) -> None:
    await store.put([delivery("5001", webhook="wh-5001", event_id="ev-5001"), delivery("5002", webhook="other")])
    held = await store.claim("order", "w", 1, MINUTE)
    await store.commit(
        Batch(
            owner="w",
            messages=done(held, MessageState.HELD, reason="item_unmapped"),
            orders=(order_record("5001", name="#1001", state=OrderState.HELD),),
            open_cases=(case("5001"),),
            references=(reference("5001", "legacy-5001", right_system="legacy"),),
            start_clocks=(clock("5001"),),
            audit=(entry("5001", "order.held"),),
        )
    )
    await store.intend([intent("5001")])
    await store.mark([EffectUpdate(key=intent("5001").key, state=EffectState.SENT)])
    settled = EffectUpdate(
        key=intent("5001").key, state=EffectState.SETTLED, external_id="erp-77", external_number="SO77"
    )
    posted = order_record("5001", name="#1001", state=OrderState.POSTED, posted_at=NOW + MINUTE)
    await store.commit(
        Batch(
            orders=(posted.model_copy(update={"external_id": "erp-77", "external_number": "SO77"}),),
            close_cases=(CaseClosing(aggregate_key="north:order:5001", closed_by="ann", note="mapped"),),
            effects=(settled,),
            stop_clocks=(("north", "north:order:5001", "booked", NOW + timedelta(seconds=90)),),
            audit=(entry("5001", "order.posted", at=NOW + MINUTE, detail={"number": "SO77"}),),
        )
    )


async def test_every_id_leads_to_the_whole_timeline(store: SqlStateStore) -> None:
    await _one_life(store)
    expected = await store.trace("#1001")
    assert {line.what for line in expected} == {
        "received",
        "order",
        "posted",
        "intended",
        "sent",
        "settled",
        "held",
        "released",
        "clock started",
        "clock stopped",
        "order.held",
        "order.posted",
    }
    assert [line.at for line in expected] == sorted(line.at for line in expected)
    for name, text in IDS.items():
        assert await store.trace(text) == expected, name


async def test_the_lines_say_who_why_and_under_which_ids(store: SqlStateStore) -> None:
    await _one_life(store)
    lines = {line.what: line for line in await store.trace("#1001")}
    assert lines["received"].words == "orders/updated from web; now held (item_unmapped), attempts 1"
    assert lines["received"].ids["delivery"] == "north:web:wh-5001"
    assert lines["settled"].ids == {"effect": intent("5001").key, "external": "erp-77", "number": "SO77"}
    assert lines["released"].words == "by ann: mapped"
    assert lines["clock stopped"].words == "booked after 90.000 s"
    assert lines["order.posted"].words == "by worker-1: number SO77"


async def test_a_message_nobody_has_handled_yet_is_found_by_its_native_id(store: SqlStateStore) -> None:
    await store.put([delivery("5003", webhook="fresh")])
    (line,) = await store.trace("5003")
    assert (line.what, line.words) == ("received", "orders/updated from web; now ready, attempts 0")


async def test_two_shops_with_the_same_order_name_are_both_shown(store: SqlStateStore) -> None:
    await store.commit(Batch(orders=(order_record("1", name="#7"), order_record("1", scope="south", name="#7"))))
    assert [line.ids["correlation"] for line in await store.trace("#7")] == ["corr-north-1", "corr-south-1"]


@pytest.mark.parametrize("text", ["nothing", "", "   ", "%", "north:order:"])
async def test_an_unknown_id_has_no_timeline(store: SqlStateStore, text: str) -> None:
    await _one_life(store)
    assert await store.trace(text) == []


async def test_a_quick_look_shows_the_same_or_leaves_it_to_the_store(
    store: SqlStateStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _one_life(store)
    monkeypatch.setenv("CROSSDOCK_STORE_URL", store_url)
    for text in (*IDS.values(), "nothing"):
        quick = quick_trace(text)
        assert quick == (await store.trace(text) if store_url.startswith("sqlite") else None)
