"""The gates: of a hundred rows, the one that is wrong is quarantined in words, and the other 99 pass."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from canonical.booking import SalesOrderDocument
from canonical.ids import aggregate_key, correlation_id
from canonical.money import Money
from canonical.quality import Gate, GateResult, order_gate
from canonical.quality.frames import document_rows, message_rows, order_rows
from canonical.quality.rule import Rule, Severity, Stage, between, given, volume
from canonical.records import Message
from canonical.rules import example
from canonical.rules.booking import sales_order_document
from canonical.states import MessageState

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SHOPS = {"north": "USD"}  # the company of the shop has the same name and currency
BATCH = 100
ODD = 41

Row = dict[str, Any]


def message(number: int, **changes: Any) -> Message:
    native = str(5000 + number)
    usual: dict[str, Any] = {
        "seq": number,
        "delivery_key": f"north:web:{number}",
        "channel": "web",
        "scope": "north",
        "topic": "orders/create",
        "kind": "order",
        "aggregate_key": aggregate_key("north", "order", native),
        "correlation_id": correlation_id("north", "order", native),
        "received_at": NOW,
        "occurred_at": NOW - timedelta(seconds=2),
        "headers": {},
        "body": b'{"id": 1}',
        "state": MessageState.CLAIMED,
    }
    return Message(**usual | changes)


def received() -> list[Row]:
    return message_rows([message(n) for n in range(BATCH)], SHOPS, NOW)


def canonical() -> list[Row]:
    return order_rows([example.order(id=str(5000 + n)) for n in range(BATCH)], SHOPS, NOW)


def before_posting() -> list[Row]:
    return document_rows([_document(id=str(5000 + n)) for n in range(BATCH)], SHOPS)


def _document(**changes: Any) -> SalesOrderDocument:
    return sales_order_document(example.order(**changes), example.MAPPINGS, example.COMPANY)


ROWS: dict[str, Callable[[], list[Row]]] = {
    "received": received,
    "canonical": canonical,
    "before_posting": before_posting,
}

# Each critical rule with what breaks it: a replacement for one row's fields.
BROKEN: dict[str, dict[str, Row]] = {
    "received": {
        "delivery_key_missing": {"delivery_key": None},
        "shop_unknown": {"shop_currency": None},
        "topic_missing": {"topic": None},
        "topic_malformed": {"topic": "Orders Create!"},
        "aggregate_missing": {"aggregate_key": None},
        "shop_crossed": {"aggregate_scope": "south"},
        "correlation_malformed": {"correlation_id": "1001"},
        "body_size": {"body_bytes": 0},
        "body_not_json": {"body_opens": "<"},
        "attempts_exhausted": {"attempts": 51},
        "received_in_future": {"seconds_ahead": 7200},
    },
    "canonical": {
        "order_id_malformed": {"order_id": "#1001"},
        "shop_unknown": {"shop_currency": None},
        "currency_unexpected": {"currency": "EUR"},
        "no_lines": {"lines": 0},
        "blank_sku": {"nameless_lines": 1},
        "quantity_implausible": {"most_quantity": 100_000},
        "price_negative": {"least_price": -1},
        "total_negative": {"total": -1},
        "totals_do_not_add_up": {"figures_off": 1, "figures_words": "total: the order says 1.00 USD"},
        "tax_lines_do_not_add_up": {"tax_off": 1},
        "tax_rate_implausible": {"most_tax_ppm": 19_000_000},
    },
    "before_posting": {
        "key_missing": {"key": None},
        "company_unknown": {"company_currency": None},
        "currency_unexpected": {"currency": "EUR"},
        "shop_crossed": {"party_scope": "south"},
        "no_lines": {"lines": 0},
        "line_repeated": {"repeated_line_keys": 1},
        "totals_do_not_add_up": {"lines_total": 1},
        "amount_too_fine": {"fractions": 1},
        "line_unbalanced": {"unbalanced_lines": 1},
        "net_negative": {"least_net": -1},
        "liability_taxed": {"taxed_liabilities": 1},
    },
}


def codes(result: GateResult) -> dict[int, list[str]]:
    return {index: [failure.code for failure in failures] for index, failures in result.quarantined.items()}


@pytest.mark.parametrize("stage", ROWS)
def test_a_sound_batch_passes_whole(stage: str) -> None:
    result = order_gate(stage).check(ROWS[stage]())
    assert result.accepted == tuple(range(BATCH))
    assert (result.quarantined, result.warnings, result.batch_errors) == ({}, {}, ())


# For each gate the row of a document that went wrong, made from the document itself.
WRONG: dict[str, tuple[Callable[[], Row], str]] = {
    "received": (
        lambda: message_rows([message(ODD, body=b"<html>")], SHOPS, NOW)[0],
        "the body is not a JSON document",
    ),
    "canonical": (
        lambda: order_rows([example.order(id="9", total="23.50")], SHOPS, NOW)[0],
        "the order does not add up (total: the order says 23.50 USD, its lines come to 23.80 USD)",
    ),
    "before_posting": (
        lambda: document_rows([_document().model_copy(update={"total": Money.of("23.50", "USD")})], SHOPS)[0],
        "the lines do not come to the document's total",
    ),
}


@pytest.mark.parametrize("stage", ROWS)
def test_one_bad_document_among_a_hundred_is_quarantined_in_words_and_99_pass(stage: str) -> None:
    make, words = WRONG[stage]
    rows = ROWS[stage]()
    rows[ODD] = make()
    result = order_gate(stage).check(rows)
    assert result.accepted == tuple(i for i in range(BATCH) if i != ODD)
    assert {i: [str(f) for f in failures] for i, failures in result.quarantined.items()} == {ODD: [words]}


@pytest.mark.parametrize("stage", ROWS)
def test_every_rule_of_a_stage_catches_its_own_row_and_no_other(stage: str) -> None:
    rows = ROWS[stage]()
    expected = {}
    for place, (code, change) in enumerate(BROKEN[stage].items(), start=3):
        rows[place] |= change
        expected[place] = [code]
    assert codes(order_gate(stage).check(rows)) == expected


@pytest.mark.parametrize("stage", ROWS)
def test_every_critical_rule_of_a_stage_has_a_case_here(stage: str) -> None:
    rules = order_gate(stage).stage.rules
    assert 8 <= len(rules) <= 14
    about_rows = {r.code for r in rules if r.severity is Severity.CRITICAL} - {"batch_too_large"}
    repeated = {code for code in about_rows if code.endswith("_repeated") and code != "line_repeated"}
    assert about_rows - repeated == set(BROKEN[stage])


def test_all_copies_of_a_repeated_key_are_quarantined() -> None:
    rows = before_posting()
    rows[7]["key"] = rows[8]["key"]
    result = order_gate("before_posting").check(rows)
    assert codes(result) == {7: ["key_repeated"], 8: ["key_repeated"]}


def test_a_row_may_fail_several_rules_and_all_are_told() -> None:
    rows = canonical()
    rows[ODD] |= {"lines": 0, "total": -5}
    assert codes(order_gate("canonical").check(rows)) == {ODD: ["no_lines", "total_negative"]}


def test_a_warning_never_blocks() -> None:
    rows = canonical()
    rows[ODD]["seconds_ahead"] = 10 * 86_400
    result = order_gate("canonical").check(rows)
    assert len(result.accepted) == BATCH
    assert [failure.code for failure in result.warnings[ODD]] == ["dated_in_future"]
    assert result.quarantined == {}


def test_an_empty_batch_is_nothing_to_check() -> None:
    result = order_gate("received").check([])
    assert result.accepted == ()
    assert not result.stopped


def test_a_column_that_no_row_has_stops_the_batch() -> None:
    rows = canonical()
    for row in rows:
        del row["figures_off"]
    result = order_gate("canonical").check(rows)
    assert result.stopped
    assert result.accepted == ()
    assert len(result.quarantined) == BATCH
    assert result.batch_errors[0].words == "no row has figures_off"


def test_a_field_missing_or_of_another_type_quarantines_its_row_only() -> None:
    rows = canonical()
    del rows[3]["total"]
    rows[4]["total"] = "23.80"
    rows[5]["lines"] = True
    result = order_gate("canonical").check(rows)
    assert codes(result) == {3: ["field_missing"], 4: ["wrong_type"], 5: ["wrong_type"]}
    assert len(result.accepted) == BATCH - 3


def test_rows_after_a_malformed_one_keep_their_places() -> None:
    rows = canonical()
    del rows[0]["total"]
    rows[ODD]["total"] = -1
    assert codes(order_gate("canonical").check(rows)) == {0: ["field_missing"], ODD: ["total_negative"]}


def test_an_oversized_batch_stops_the_stage() -> None:
    gate = Gate(Stage("tiny", {"key": str}, (volume(3), given("key", "key_missing", "no key was given"))))
    assert gate.check([{"key": "a"}] * 3).accepted == (0, 1, 2)
    result = gate.check([{"key": "a"}] * 4)
    assert result.stopped
    assert result.summary["failed"] == {"batch_too_large": 4}
    assert {str(f) for faults in result.quarantined.values() for f in faults} == {"more than 3 documents in one batch"}


def test_a_rule_that_cannot_run_fails_closed() -> None:
    nonsense = Rule(
        "odd", "the column is judged", lambda x: x.ExpectColumnValuesToBeBetween(column="gone", min_value=0)
    )
    gate = Gate(Stage("broken", {"key": str}, (given("key", "key_missing", "no key was given"), nonsense)))
    result = gate.check([{"key": "a"}, {"key": "b"}])
    assert result.stopped
    assert result.accepted == ()
    assert result.batch_errors[0].code == "rule_could_not_run"


def test_a_batch_warning_is_told_and_does_not_stop() -> None:
    quiet = Rule(
        "few",
        "fewer documents than usual",
        lambda x: x.ExpectTableRowCountToBeBetween(min_value=10, max_value=None),
        Severity.WARNING,
    )
    gate = Gate(Stage("quiet", {"key": str}, (quiet,)))
    result = gate.check([{"key": "a"}])
    assert result.accepted == (0,)
    assert [failure.code for failure in result.batch_warnings] == ["few"]


def test_threads_share_a_gate_without_mixing_their_rows() -> None:
    gate = Gate(Stage("shared", {"n": int}, (between("n", "negative", "the number is negative", 0),)))
    wrong: list[int] = []

    def work(me: int) -> None:
        for turn in range(6):
            bad = (me * 7 + turn) % 20
            result = gate.check([{"n": -1 if i == bad else i} for i in range(20)])
            if list(result.quarantined) != [bad]:
                wrong.append(me)

    threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_no_row_holds_customer_data() -> None:
    rows = [*canonical()[:1], *before_posting()[:1], *received()[:1]]
    text = repr(rows)
    assert example.ADDRESS.name is not None
    for private in ("ada@example.com", example.ADDRESS.name, "1 Quay"):
        assert private not in text
