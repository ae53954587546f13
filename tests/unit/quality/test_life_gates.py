"""The gates of fulfillment and returns: of a hundred rows the wrong one is quarantined in words, and 99 pass."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from canonical.fulfillment import Parcel, ParcelLine
from canonical.ids import aggregate_key, correlation_id, effect_key
from canonical.life import OrderLife, ReturnedLine, ReturnLife, Shipped, Task
from canonical.money import Money
from canonical.ports.aftersales import FulfillmentWrite, RefundWrite, Tender
from canonical.quality import life_frames as frames
from canonical.quality.life_stages import LIFE_STAGES, life_gate
from canonical.quality.rule import Severity
from canonical.records import Message
from canonical.returns import Disposition, Inspected
from canonical.rules import example
from canonical.settlement import CreditLine, CreditPosting, MovementPosting
from canonical.states import MessageState, ReturnState
from canonical.warehouse import EventLine, WarehouseEvent, WarehouseEventKind

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
BATCH, ODD = 100, 41
EAST = "DC-EAST"

Row = dict[str, Any]


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def box(n: int, quantity: int = 2, **changes: Any) -> Parcel:
    lines = (ParcelLine(line_id="1", quantity=quantity),)
    return Parcel(**{"id": f"P{n}", "carrier": "UPS", "tracking_number": f"1Z{n:04d}", "lines": lines} | changes)


def event(n: int, kind: WarehouseEventKind = WarehouseEventKind.SHIPPED, **changes: Any) -> Row:
    usual: dict[str, Any] = {
        "id": f"{kind}:{n}",
        "system": "wms",
        "kind": kind,
        "occurred_at": NOW - timedelta(minutes=5),
        "location": EAST,
        "lines": (EventLine(line_id="1", item="TEE", quantity=2),),
    }
    told = WarehouseEvent(**usual | changes)
    message = Message(
        seq=n,
        delivery_key=f"wms:north:{n}",
        channel="wms",
        scope="north",
        topic=f"warehouse.{kind}",
        kind="warehouse",
        aggregate_key=aggregate_key("north", "order", str(n)),
        correlation_id=correlation_id("north", "order", str(n)),
        received_at=NOW,
        headers={},
        body=b"{}",
        state=MessageState.CLAIMED,
        attempts=0,
    )
    place = EAST if told.location == EAST else None
    return frames.arrived_row(message, told, "wms", "north", place, NOW)


def shipped(n: int, **changes: Any) -> Row:
    key = effect_key("north", "fulfillment-request.create", str(n), EAST)
    return event(n, **{"request_key": key, "parcels": (box(n),)} | changes)


def back(n: int, disposition: Disposition | None = Disposition.RESTOCK, **changes: Any) -> Row:
    line = EventLine(line_id="1", item="TEE", quantity=1, disposition=disposition)
    return event(n, WarehouseEventKind.RETURN_INSPECTED, **{"lines": (line,), "return_id": str(n)} | changes)


def life(n: int, gone: int = 2, returned: ReturnedLine | None = None) -> OrderLife:
    line = example.order().lines[0].id
    parcel = Parcel(id="1", lines=(ParcelLine(line_id=line, quantity=gone),))
    task = Task(
        key=f"k{n}", system="wms", location=EAST, lines={line: 2}, shipped={line: gone}, created_at=NOW, updated_at=NOW
    )
    one = (
        ReturnLife(id="7", state=ReturnState.RECEIVED, lines=(returned,), opened_at=NOW, updated_at=NOW)
        if returned
        else None
    )
    return OrderLife(
        shop="north",
        order_id=str(n),
        order_name=f"#{n}",
        company="north",
        tasks=(task,),
        shipments=(Shipped(id="wms/1", location=EAST, task=task.key, shipped_at=NOW, parcels=(parcel,)),),
        returns=(one,) if one else (),
        started_at=NOW,
        updated_at=NOW,
    )


def lived(n: int, gone: int = 2) -> Row:
    return frames.fulfillment_row(life(n, gone), example.order())


def returned(n: int, received: int = 1, found: int = 1) -> Row:
    line = ReturnedLine(
        line_id=example.order().lines[0].id,
        asked=1,
        authorised=1,
        received=received,
        inspected=(Inspected(disposition=Disposition.RESTOCK, quantity=found),),
    )
    return frames.returns_row(life(n, 2, line), example.order())


def fulfilling(n: int, **changes: Any) -> Row:
    usual = {"key": f"k{n}", "order_id": str(n), "location_id": "501", "parcel": box(n), "lines": {"1": 2}}
    return frames.fulfilling_row(FulfillmentWrite(**usual | changes))


def crediting(n: int, total: str = "21.60", **changes: Any) -> Row:
    line = CreditLine(line_id="1", quantity=1, net=usd("20.00"), tax=usd("1.60"))
    usual: dict[str, Any] = {"key": f"k{n}", "sale_key": f"s{n}", "lines": (line,), "total": usd(total)}
    return frames.crediting_row(CreditPosting(**usual | changes), "USD")


def refunding(n: int, *tenders: Tender) -> Row:
    paid = tenders or (Tender("t1", "cards", usd("5.00")),)
    write = RefundWrite(f"k{n}", str(n), "7", {"1": (1, None)}, None, paid)
    return frames.refunding_row(write, example.order())


def moved(n: int, quantity: str = "-3", reason: str = "scrap", **changes: Any) -> Row:
    usual: dict[str, Any] = {"key": f"m{n}", "item": "TEE", "location": EAST, "account": "5.2.9", "occurred_at": NOW}
    return frames.movement_row(
        MovementPosting(**usual | {"quantity": Decimal(quantity), "reason": reason} | changes), NOW
    )


SOUND: dict[str, Callable[[int], Row]] = {
    "fulfillment_received": shipped,
    "fulfillment_canonical": lived,
    "returns_received": back,
    "returns_canonical": returned,
    "before_fulfilling": fulfilling,
    "before_crediting": crediting,
    "before_refunding": refunding,
    "movements_received": moved,
}

# Stage, the row of a document that went wrong (made from the document itself), and the words.
WRONG: list[tuple[str, Callable[[int], Row], str]] = [
    ("fulfillment_received", lambda n: shipped(n, request_key="T0041"), "it names a request that is none of ours"),
    ("fulfillment_received", lambda n: shipped(n, location="MARS"), "the sender ships from no such location"),
    (
        "fulfillment_received",
        lambda n: shipped(n, occurred_at=NOW + timedelta(hours=2)),
        "it happened in the future: check the sender's clock",
    ),
    (
        "fulfillment_received",
        lambda n: shipped(n, parcels=(box(n, 3),)),
        "the parcels hold other pieces than the lines say (line 1: 3 in parcels, 2 left)",
    ),
    (
        "fulfillment_received",
        lambda n: shipped(n, lines=(EventLine(line_id="1", item="TEE", quantity=0),), parcels=()),
        "a line that left or came back has no pieces",
    ),
    ("returns_received", lambda n: back(n, None), "an inspection does not say what was found (1 of TEE)"),
    (
        "fulfillment_canonical",
        lambda n: lived(n, 3),
        f"more left than was asked for (3 of line {example.order().lines[0].id} from DC-EAST, 2 asked)",
    ),
    (
        "returns_canonical",
        lambda n: returned(n, 1, 2),
        f"more was inspected than came back (2 of line {example.order().lines[0].id} inspected, 1 back)",
    ),
    (
        "returns_canonical",
        lambda n: returned(n, 9, 1),
        f"more came back than was sold or has left (9 of line {example.order().lines[0].id} came back, 2 sold)",
    ),
    (
        "before_fulfilling",
        lambda n: fulfilling(n, location_id=" "),
        "nothing says which location of the shop it leaves from",
    ),
    (
        "before_fulfilling",
        lambda n: fulfilling(n, parcel=box(n, tracking_number="=HYPERLINK(1)")),
        "the tracking number holds what no number holds (=HYPERLINK(1))",
    ),
    (
        "before_fulfilling",
        lambda n: fulfilling(n, lines={"1": 1}),
        "the parcel holds other pieces than the fulfillment says (line 1: 2 in the parcel, 1 fulfilled)",
    ),
    ("before_crediting", lambda n: crediting(n, "21.61"), "its lines do not come to its total"),
    (
        "before_refunding",
        lambda n: refunding(n, Tender("t1", "cards", usd("0"))),
        "a payment would get nothing, or less, back",
    ),
    (
        "before_refunding",
        lambda n: refunding(n, Tender(" ", "cards", usd("5"))),
        "nothing says which payment gets the money back (cards)",
    ),
    (
        "before_refunding",
        lambda n: refunding(n, Tender("t1", "cards", Money.of("5", "EUR"))),
        "it is not in the currency that the shopper paid in (5.00 EUR to cards)",
    ),
    (
        "before_refunding",
        lambda n: refunding(n, Tender("t1", "cards", usd("9999"))),
        "it pays back more than the order ever came to",
    ),
    ("movements_received", lambda n: moved(n, "0"), "it moves nothing"),
    (
        "movements_received",
        lambda n: moved(n, reason="eaten"),
        "its reason is none of count, scrap, transfer, transfer_in, transfer_out, receipt, found, other",
    ),
    ("movements_received", lambda n: moved(n, reason="transfer"), "a transfer does not say where to"),
]

# What no document of ours can be made to hold, but a defect of a rule or connector might: the field, and the rule.
BROKEN: dict[str, dict[str, Row]] = {
    "fulfillment_received": {
        "system_unknown": {"known_system": None},
        "scope_unknown": {"known_scope": None},
        "event_id_missing": {"event_id": None},
        "body_size": {"body_bytes": 0},
        "quantity_implausible": {"most_quantity": 2_000_000},
        "tracking_malformed": {"number_faults": 1},
    },
    "returns_received": {"location_unknown": {"known_location": ""}, "quantity_not_positive": {"least_quantity": 0}},
    "fulfillment_canonical": {
        "life_missing": {"life": None},
        "shipped_not_in_parcels": {"parcels_off": 1},
        "line_unknown": {"foreign_lines": 1},
        "shipment_repeated": {"repeated_shipments": 1},
        "quantity_negative": {"least_quantity": -1},
    },
    "returns_canonical": {
        "life_missing": {"life": None},
        "over_credited": {"over_credited": 1},
        "return_repeated": {"repeated_returns": 1},
        "quantity_negative": {"least_quantity": -1},
    },
    "before_fulfilling": {
        "key_missing": {"key": None},
        "no_lines": {"lines": 0},
        "quantity_not_positive": {"least_quantity": 0},
    },
    "before_crediting": {
        "key_missing": {"key": None},
        "company_unknown": {"company_currency": None},
        "currency_unexpected": {"currency": "EUR"},
        "currencies_mixed": {"currencies": 2},
        "no_lines": {"lines": 0},
        "line_empty": {"empty_lines": 1},
        "total_negative": {"total": -1, "lines_total": -1},
    },
    "before_refunding": {
        "key_missing": {"key": None},
        "order_unknown": {"order_currency": None},
        "tender_repeated": {"repeated_parents": 1},
        "quantity_not_positive": {"least_quantity": 0},
    },
    "movements_received": {
        "key_missing": {"key": None},
        "item_missing": {"item": None},
        "quantity_implausible": {"most_moved": 2_000_000},
        "location_missing": {"location": None},
        "dated_in_future": {"seconds_ahead": 7_200},
    },
}


def rows(stage: str) -> list[Row]:
    return [SOUND[stage](n) for n in range(1, BATCH + 1)]


@pytest.mark.parametrize("stage", LIFE_STAGES)
def test_a_sound_batch_passes_whole(stage: str) -> None:
    result = life_gate(stage).check(only_declared(stage, rows(stage)))
    assert (result.quarantined, result.warnings, result.batch_errors) == ({}, {}, ())
    assert result.accepted == tuple(range(BATCH))


@pytest.mark.parametrize(("stage", "make", "words"), WRONG)
def test_one_bad_row_among_a_hundred_is_quarantined_in_words_and_99_pass(
    stage: str, make: Callable[[int], Row], words: str
) -> None:
    batch = rows(stage)
    batch[ODD] = make(ODD + 1)
    result = life_gate(stage).check(batch)
    assert result.accepted == tuple(i for i in range(BATCH) if i != ODD)
    assert {i: [str(f) for f in failures] for i, failures in result.quarantined.items()} == {ODD: [words]}


@pytest.mark.parametrize("stage", LIFE_STAGES)
def test_every_rule_of_a_stage_catches_its_own_row_and_no_other(stage: str) -> None:
    batch, expected = rows(stage), {}
    for place, (code, change) in enumerate(BROKEN[stage].items(), start=3):
        batch[place] |= change
        expected[place] = [code]
    result = life_gate(stage).check(batch)
    assert {i: [f.code for f in failures] for i, failures in result.quarantined.items()} == expected


def test_a_key_that_is_in_the_batch_twice_is_sent_under_neither() -> None:
    batch = rows("before_refunding")
    batch[7]["key"] = batch[8]["key"]
    result = life_gate("before_refunding").check(batch)
    assert {i: [f.code for f in failures] for i, failures in result.quarantined.items()} == {
        7: ["key_repeated"],
        8: ["key_repeated"],
    }


def test_a_movement_without_an_account_is_booked_and_told() -> None:
    batch = rows("movements_received")
    batch[ODD] = moved(ODD + 1, account=None)
    result = life_gate("movements_received").check(batch)
    assert len(result.accepted) == BATCH
    assert [failure.code for failure in result.warnings[ODD]] == ["account_missing"]


def test_every_critical_rule_about_one_row_has_a_case_here() -> None:
    for name, stage in LIFE_STAGES.items():
        batch, made = rows(name), set(BROKEN[name])
        for place, (_, make, _) in enumerate([case for case in WRONG if case[0] == name], start=20):
            batch[place] = make(place + 1)
        made |= {f.code for failures in life_gate(name).check(batch).quarantined.values() for f in failures}
        wanted = {rule.code for rule in stage.rules if rule.severity is Severity.CRITICAL}
        shared = {"message_repeated", "life_repeated", "key_repeated", "parcel_repeated", "movement_repeated"}
        if name == "returns_received":  # its rules of arrival are those of fulfillment, tried there
            shared |= {rule.code for rule in LIFE_STAGES["fulfillment_received"].rules}
        assert wanted - shared <= made, name


def only_declared(stage: str, batch: list[Row]) -> list[Row]:
    """Rows as the gate reads them; a column that the stage lacks is another stage's."""
    return [{column: row[column] for column in LIFE_STAGES[stage].columns} for row in batch]
