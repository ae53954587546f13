"""The gates of fulfillment and returns: what arrived, what it was folded to, and what is about to be written."""

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from canonical.quality.gate import Gate
from canonical.quality.rule import Rule, Severity, Stage, between, equal, given, matching, unique
from canonical.rules.lifecycle.moving import REASONS

MOST_UNITS: Final = 1_000_000
"""No line of an order has more; above it a unit was mixed up."""
MOST_BYTES: Final = 5_000_000
_HOUR: Final = 3_600
_REQUEST_KEY: Final = r"^[^:\s]+:fulfillment-request\.create:[^:\s]+:\S+$"


def _none(column: str, code: str, words: str) -> Rule:
    """The count of faults is 0; their words are beside it."""
    return between(column, code, words, most=0, detail=f"{column}_words")


_ARRIVED: Final[Mapping[str, type]] = {
    "message": str,
    "known_system": str,
    "known_scope": str,
    "event_id": str,
    "body_bytes": int,
    "seconds_ahead": int,
    "request_key": str,
    "location": str,
    "known_location": str,
    "least_quantity": int,
    "most_quantity": int,
}
_ARRIVED_RULES: Final = (
    unique("message", "message_repeated", "the same message is in the batch twice"),
    given("known_system", "system_unknown", "the landscape declares no system of this name that may tell it"),
    given("known_scope", "scope_unknown", "it names no shop and no company of the landscape"),
    given("event_id", "event_id_missing", "nothing tells the event apart from another"),
    between("body_bytes", "body_size", "the body is empty or larger than any message is", 1, MOST_BYTES),
    between("seconds_ahead", "dated_in_future", "it happened in the future: check the sender's clock", most=_HOUR),
    matching("request_key", "request_malformed", "it names a request that is none of ours", _REQUEST_KEY),
    equal("location", "known_location", "location_unknown", "the sender ships from no such location"),
    between("least_quantity", "quantity_not_positive", "a line that left or came back has no pieces", 1),
    between("most_quantity", "quantity_implausible", f"a line has over {MOST_UNITS} pieces", most=MOST_UNITS),
)

FULFILLMENT_RECEIVED: Final = Stage(
    name="fulfillment_received",
    columns={
        **_ARRIVED,
        "parcels_off": int,
        "parcels_off_words": str,
        "number_faults": int,
        "number_faults_words": str,
    },
    rules=(
        *_ARRIVED_RULES,
        _none("parcels_off", "parcels_off", "the parcels hold other pieces than the lines say"),
        _none("number_faults", "tracking_malformed", "a tracking number holds what no number holds"),
    ),
)

RETURNS_RECEIVED: Final = Stage(
    name="returns_received",
    columns={**_ARRIVED, "without_disposition": int, "without_disposition_words": str},
    rules=(
        *_ARRIVED_RULES,
        _none("without_disposition", "disposition_missing", "an inspection does not say what was found"),
    ),
)

FULFILLMENT_CANONICAL: Final = Stage(
    name="fulfillment_canonical",
    columns={
        "life": str,
        "over_shipped": int,
        "over_shipped_words": str,
        "parcels_off": int,
        "parcels_off_words": str,
        "foreign_lines": int,
        "foreign_lines_words": str,
        "repeated_shipments": int,
        "repeated_shipments_words": str,
        "least_quantity": int,
    },
    rules=(
        unique("life", "life_repeated", "the same order is in the batch twice"),
        given("life", "life_missing", "nothing says which order it is"),
        _none("over_shipped", "over_shipped", "more left than was asked for"),
        _none("parcels_off", "shipped_not_in_parcels", "what left is not what its parcels hold"),
        _none("foreign_lines", "line_unknown", "it ships lines that the order does not have"),
        _none("repeated_shipments", "shipment_repeated", "a shipment is in it twice"),
        between("least_quantity", "quantity_negative", "a quantity is negative", 0),
    ),
)

RETURNS_CANONICAL: Final = Stage(
    name="returns_canonical",
    columns={
        "life": str,
        "over_found": int,
        "over_found_words": str,
        "over_received": int,
        "over_received_words": str,
        "over_credited": int,
        "over_credited_words": str,
        "repeated_returns": int,
        "repeated_returns_words": str,
        "least_quantity": int,
    },
    rules=(
        unique("life", "life_repeated", "the same order is in the batch twice"),
        given("life", "life_missing", "nothing says which order it is"),
        _none("over_found", "over_inspected", "more was inspected than came back"),
        _none("over_received", "over_received", "more came back than was sold or has left"),
        _none("over_credited", "over_credited", "more pieces are paid back than were sold or have left"),
        _none("repeated_returns", "return_repeated", "a return is in it twice"),
        between("least_quantity", "quantity_negative", "a quantity is negative", 0),
    ),
)

BEFORE_FULFILLING: Final = Stage(
    name="before_fulfilling",
    columns={
        "key": str,
        "parcel": str,
        "location": str,
        "lines": int,
        "least_quantity": int,
        "parcels_off": int,
        "parcels_off_words": str,
        "number_faults": int,
        "number_faults_words": str,
    },
    rules=(
        given("key", "key_missing", "it has no key, so it might be made twice"),
        unique("key", "key_repeated", "two fulfillments of the batch have the same key"),
        unique("parcel", "parcel_repeated", "the same parcel is in the batch twice"),
        given("location", "location_unknown", "nothing says which location of the shop it leaves from"),
        between("lines", "no_lines", "it fulfills nothing", 1),
        between("least_quantity", "quantity_not_positive", "a line fulfills no pieces", 1),
        _none("parcels_off", "parcels_off", "the parcel holds other pieces than the fulfillment says"),
        _none("number_faults", "tracking_malformed", "the tracking number holds what no number holds"),
    ),
)

BEFORE_CREDITING: Final = Stage(
    name="before_crediting",
    columns={
        "key": str,
        "currency": str,
        "company_currency": str,
        "currencies": int,
        "lines": int,
        "empty_lines": int,
        "empty_lines_words": str,
        "total": int,
        "lines_total": int,
    },
    rules=(
        given("key", "key_missing", "it has no key, so it might be credited twice"),
        unique("key", "key_repeated", "two credit memos of the batch have the same key"),
        given("company_currency", "company_unknown", "the company is not declared in the landscape"),
        equal("currency", "company_currency", "currency_unexpected", "it is not in the company's currency"),
        between("currencies", "currencies_mixed", "its lines are in more than one currency", most=1),
        between("lines", "no_lines", "it credits nothing", 1),
        _none("empty_lines", "line_empty", "a line credits neither pieces nor an amount"),
        between("total", "total_negative", "it would take money instead of crediting it", 0),
        equal("lines_total", "total", "totals_do_not_add_up", "its lines do not come to its total"),
    ),
)

BEFORE_REFUNDING: Final = Stage(
    name="before_refunding",
    columns={
        "key": str,
        "order_currency": str,
        "foreign_tenders": int,
        "foreign_tenders_words": str,
        "least_tender": int,
        "without_parent": int,
        "without_parent_words": str,
        "repeated_parents": int,
        "repeated_parents_words": str,
        "above_paid": int,
        "least_quantity": int,
    },
    rules=(
        given("key", "key_missing", "it has no key, so it might be paid twice"),
        unique("key", "key_repeated", "two refunds of the batch have the same key"),
        given("order_currency", "order_unknown", "the order it refunds is not known"),
        _none("foreign_tenders", "currency_unexpected", "it is not in the currency that the shopper paid in"),
        between("least_tender", "tender_not_positive", "a payment would get nothing, or less, back", 1),
        _none("without_parent", "parent_missing", "nothing says which payment gets the money back"),
        _none("repeated_parents", "tender_repeated", "the same payment is in it twice"),
        between("above_paid", "above_payment", "it pays back more than the order ever came to", most=0),
        between("least_quantity", "quantity_not_positive", "a line refunds no pieces", 1),
    ),
)

MOVEMENTS_RECEIVED: Final = Stage(
    name="movements_received",
    columns={
        "key": str,
        "item": str,
        "least_moved": int,
        "most_moved": int,
        "location": str,
        "known_reason": str,
        "without_account": int,
        "target": str,
        "seconds_ahead": int,
    },
    rules=(
        given("key", "key_missing", "nothing tells the movement apart from another"),
        unique("key", "movement_repeated", "the same movement is in the batch twice"),
        given("item", "item_missing", "nothing says which item was moved"),
        between("least_moved", "quantity_zero", "it moves nothing", 1),
        between("most_moved", "quantity_implausible", f"it moves over {MOST_UNITS} units", most=MOST_UNITS),
        given("location", "location_missing", "nothing says where it was moved"),
        given("known_reason", "reason_unknown", f"its reason is none of {', '.join(REASONS)}"),
        between(
            "without_account",
            "account_missing",
            "its reason changes what the stock is worth, and no account is given: the ERP takes its own",
            most=0,
            severity=Severity.WARNING,
        ),
        given("target", "target_missing", "a transfer does not say where to"),
        between("seconds_ahead", "dated_in_future", "it happened in the future: check the sender's clock", most=_HOUR),
    ),
)

LIFE_STAGES: Final[Mapping[str, Stage]] = {
    stage.name: stage
    for stage in (
        FULFILLMENT_RECEIVED,
        FULFILLMENT_CANONICAL,
        RETURNS_RECEIVED,
        RETURNS_CANONICAL,
        BEFORE_FULFILLING,
        BEFORE_CREDITING,
        BEFORE_REFUNDING,
        MOVEMENTS_RECEIVED,
    )
}

_BUILDING: Final = threading.Lock()


def life_gate(stage: str) -> Gate:
    """The gate of a stage of `LIFE_STAGES`, built on first use and kept for the process; threads may ask at once.

    Raises `KeyError` for a stage that there is not.
    """
    with _BUILDING:
        return _gate(stage)


@lru_cache(maxsize=len(LIFE_STAGES))
def _gate(stage: str) -> Gate:
    return Gate(LIFE_STAGES[stage])
