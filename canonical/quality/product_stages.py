"""The gates of product sync: records as received, products as merged, products before they are published."""

import threading
from functools import lru_cache
from typing import Final

from canonical.quality.gate import Gate
from canonical.quality.rule import Rule, Severity, Stage, between, given, matching, unique

MOST_VARIANTS: Final = 2048
MOST_OPTIONS: Final = 3
MOST_LETTERS: Final = 255
_KEY: Final = r"^\S(?:.{0,198}\S)?$"
_FIVE_MINUTES: Final = 300


def _none(column: str, code: str, words: str, severity: Severity = Severity.CRITICAL) -> Rule:
    """The count of faults is 0; their words are beside it."""
    return between(column, code, words, most=0, detail=f"{column}_words", severity=severity)


RECEIVED: Final = Stage(
    name="product_received",
    columns={
        "record": str,
        "key": str,
        "doubled": int,
        "doubled_words": str,
        "negative": int,
        "negative_words": str,
        "seconds_ahead": int,
    },
    rules=(
        given("key", "key_missing", "nothing says which product it is"),
        matching("key", "key_unusable", "the product code is blank, or begins or ends with a blank", _KEY),
        _none("doubled", "sku_doubled", "the source names a SKU twice in one product"),
        _none("negative", "price_negative", "a price is negative"),
        between("seconds_ahead", "dated_in_future", "it is dated in the future: check the clock", most=_FIVE_MINUTES),
    ),
)

CANONICAL: Final = Stage(
    name="product_canonical",
    columns={
        "product": str,
        "title_letters": int,
        "variants": int,
        "options": int,
        "missing": int,
        "missing_words": str,
        "sku_faults": int,
        "sku_faults_words": str,
        "option_faults": int,
        "option_faults_words": str,
    },
    rules=(
        unique("product", "product_repeated", "the same product is in the batch twice"),
        _none("missing", "attribute_missing", "the channel requires what is missing"),
        between("title_letters", "title_too_long", f"the title has more than {MOST_LETTERS} letters", 1, MOST_LETTERS),
        between("variants", "variants_missing", "it has no variant, so nothing can be sold", 1),
        between("variants", "variants_over_limit", f"it has more than {MOST_VARIANTS} variants", most=MOST_VARIANTS),
        between("options", "options_over_limit", f"it has more than {MOST_OPTIONS} options", most=MOST_OPTIONS),
        _none("sku_faults", "sku_not_unique", "every variant needs a SKU of its own"),
        _none("option_faults", "options_inconsistent", "options and variants contradict each other"),
    ),
)

BEFORE_PUBLISHING: Final = Stage(
    name="product_before_publishing",
    columns={
        "product": str,
        "price_faults": int,
        "price_faults_words": str,
        "compare_below": int,
        "compare_below_words": str,
        "pictures": int,
        "pictures_words": str,
    },
    rules=(
        unique("product", "product_repeated", "the same product is in the batch twice"),
        _none("price_faults", "price_unusable", "a price is missing, not above zero, or in another currency"),
        _none("compare_below", "compare_below_price", "a compare-at price is below the price", Severity.WARNING),
        _none("pictures", "picture_unreachable", "a picture cannot be fetched"),
    ),
)

PRODUCT_STAGES: Final = {"received": RECEIVED, "canonical": CANONICAL, "before_publishing": BEFORE_PUBLISHING}

_BUILDING: Final = threading.Lock()


def product_gate(stage: str) -> Gate:
    """The gate of a stage of `PRODUCT_STAGES`, built on first use and kept for the process; threads may ask at once.

    Raises `KeyError` for a stage that there is not.
    """
    with _BUILDING:
        return _gate(stage)


@lru_cache(maxsize=len(PRODUCT_STAGES))
def _gate(stage: str) -> Gate:
    return Gate(PRODUCT_STAGES[stage])
