"""The gates of order ingestion: what arrived, what it was translated to, and what is about to be posted."""

import threading
from functools import lru_cache
from typing import Final

from canonical.quality.gate import Gate
from canonical.quality.rule import Rule, Severity, Stage, between, equal, given, matching, unique, volume
from canonical.rules.checks.content import MOST_UNITS

MOST_ROWS: Final = 5_000
MOST_BYTES: Final = 5_000_000
MOST_LINES: Final = 1_000
_HOUR: Final = 3_600
_DAY: Final = 86_400
_TOPIC: Final = r"^[a-z0-9_.-]+(?:/[a-z0-9_.-]+)*$"
_UUID: Final = r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

RECEIVED: Final = Stage(
    name="orders_received",
    columns={
        "delivery_key": str,
        "scope": str,
        "shop_currency": str,
        "topic": str,
        "aggregate_key": str,
        "aggregate_scope": str,
        "correlation_id": str,
        "body_bytes": int,
        "body_opens": str,
        "attempts": int,
        "seconds_ahead": int,
        "seconds_early": int,
    },
    rules=(
        volume(MOST_ROWS),
        given("delivery_key", "delivery_key_missing", "the delivery has no key"),
        unique("delivery_key", "delivery_repeated", "the same delivery is in the batch twice"),
        given("shop_currency", "shop_unknown", "the shop is not declared in the landscape"),
        given("topic", "topic_missing", "the delivery names no topic"),
        matching("topic", "topic_malformed", "the topic is not one that a channel sends", _TOPIC),
        given("aggregate_key", "aggregate_missing", "nothing says which order the delivery is about"),
        equal("aggregate_scope", "scope", "shop_crossed", "the delivery belongs to one shop and its order to another"),
        matching("correlation_id", "correlation_malformed", "the correlation id is not a UUID", _UUID),
        between("body_bytes", "body_size", f"the body is empty or larger than {MOST_BYTES} bytes", 2, MOST_BYTES),
        Rule(
            "body_not_json",
            "the body is not a JSON document",
            lambda x: x.ExpectColumnValuesToBeInSet(column="body_opens", value_set=["{", "["]),
        ),
        between("attempts", "attempts_exhausted", "the delivery was tried too often", 0, 50),
        between("seconds_ahead", "received_in_future", "it was received in the future: check the clock", most=_HOUR),
        between(
            "seconds_early",
            "occurred_in_future",
            "the channel dates it more than five minutes after it arrived",
            most=300,
            severity=Severity.WARNING,
        ),
    ),
)

CANONICAL: Final = Stage(
    name="orders_canonical",
    columns={
        "order": str,
        "order_id": str,
        "currency": str,
        "shop_currency": str,
        "lines": int,
        "nameless_lines": int,
        "most_quantity": int,
        "least_price": int,
        "total": int,
        "figures_off": int,
        "figures_words": str,
        "tax_off": int,
        "tax_words": str,
        "most_tax_ppm": int,
        "seconds_ahead": int,
    },
    rules=(
        volume(MOST_ROWS),
        matching("order_id", "order_id_malformed", "the order's id is not a number", r"^[0-9]+$"),
        unique("order", "order_repeated", "the same order is in the batch twice", Severity.WARNING),
        given("shop_currency", "shop_unknown", "the shop is not declared in the landscape"),
        equal("currency", "shop_currency", "currency_unexpected", "the order is not in the shop's currency"),
        between("lines", "no_lines", f"the order has no line, or more than {MOST_LINES}", 1, MOST_LINES),
        between("nameless_lines", "blank_sku", "a line has neither SKU nor variant: nothing says what was sold", 0, 0),
        between("most_quantity", "quantity_implausible", f"a line has over {MOST_UNITS} units, or none", 1, MOST_UNITS),
        between("least_price", "price_negative", "a price is negative", 0),
        between("total", "total_negative", "the total is negative", 0),
        between("figures_off", "totals_do_not_add_up", "the order does not add up", 0, 0, detail="figures_words"),
        between("tax_off", "tax_lines_do_not_add_up", "the tax lines do not add up", 0, 0, detail="tax_words"),
        between("most_tax_ppm", "tax_rate_implausible", "a tax rate is over 100 %", 0, 1_000_000),
        between("seconds_ahead", "dated_in_future", "it is dated in the future", most=_DAY, severity=Severity.WARNING),
    ),
)

BEFORE_POSTING: Final = Stage(
    name="orders_before_posting",
    columns={
        "key": str,
        "currency": str,
        "company_currency": str,
        "party_scope": str,
        "shop": str,
        "lines": int,
        "repeated_line_keys": int,
        "total": int,
        "lines_total": int,
        "fractions": int,
        "unbalanced_lines": int,
        "least_net": int,
        "taxed_liabilities": int,
        "overpaid": int,
    },
    rules=(
        volume(MOST_ROWS),
        given("key", "key_missing", "the document has no idempotency key"),
        unique("key", "key_repeated", "two documents of the batch have the same idempotency key"),
        given("company_currency", "company_unknown", "the company is not declared in the landscape"),
        equal("currency", "company_currency", "currency_unexpected", "the document is not in the company's currency"),
        equal("party_scope", "shop", "shop_crossed", "the document belongs to one shop and its customer to another"),
        between("lines", "no_lines", "the document has no line", 1),
        between("repeated_line_keys", "line_repeated", "a line is in the document twice", 0, 0),
        equal("lines_total", "total", "totals_do_not_add_up", "the lines do not come to the document's total"),
        between("fractions", "amount_too_fine", "an amount is finer than the currency's minor unit", 0, 0),
        between("unbalanced_lines", "line_unbalanced", "list price less discount is not the net of a line", 0, 0),
        between("least_net", "net_negative", "a line is worth less than nothing", 0),
        between("taxed_liabilities", "liability_taxed", "a gift card sold bears tax", 0, 0),
        between("overpaid", "overpaid", "more was paid than the order comes to", most=0, severity=Severity.WARNING),
    ),
)

STAGES: Final = {"received": RECEIVED, "canonical": CANONICAL, "before_posting": BEFORE_POSTING}


_BUILDING: Final = threading.Lock()


def order_gate(stage: str) -> Gate:
    """The gate of a stage of `STAGES`, built on first use and kept for the process; threads may ask at once.

    Raises `KeyError` for a stage that there is not.
    """
    with _BUILDING:
        return _gate(stage)


@lru_cache(maxsize=len(STAGES))
def _gate(stage: str) -> Gate:
    return Gate(STAGES[stage])
