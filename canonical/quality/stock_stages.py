"""The gates of inventory publication: positions as received, figures as computed, writes before publishing."""

import threading
from functools import lru_cache
from typing import Final

from canonical.quality.gate import Gate
from canonical.quality.rule import Severity, Stage, between, given, matching, unique

MOST_UNITS: Final = 1_000_000_000
"""A channel takes no more; above it a unit was mixed up."""
_SKU: Final = r"^\S(?:.{0,198}\S)?$"
_FIVE_MINUTES: Final = 300

RECEIVED: Final = Stage(
    name="stock_received",
    columns={
        "position": str,
        "sku": str,
        "location": str,
        "on_hand": int,
        "allocated": int,
        "hours_late": int,
        "seconds_ahead": int,
        "jump": int,
        "jump_words": str,
    },
    rules=(
        unique("position", "position_repeated", "the same position is in the report twice"),
        given("sku", "sku_missing", "nothing says which item the position is of"),
        matching("sku", "sku_unknown", "the SKU is blank, or begins or ends with a blank: no item has it", _SKU),
        given("location", "location_unknown", "nothing says at which location the position is"),
        given("on_hand", "on_hand_missing", "nothing says how many there are"),
        between("on_hand", "on_hand_negative", "on hand is negative: it counts as zero until it is repaired", 0),
        between("on_hand", "on_hand_implausible", f"on hand is over {MOST_UNITS} units", most=MOST_UNITS),
        between("allocated", "allocated_negative", "allocated is negative", 0),
        between(
            "hours_late", "source_stale", "the source told an old figure: its clock or its feed stands still", most=0
        ),
        between("seconds_ahead", "dated_in_future", "it is dated in the future: check the clock", most=_FIVE_MINUTES),
        between("jump", "jump_too_high", "on hand jumped beyond the limits", most=0, detail="jump_words"),
    ),
)

COMPUTED: Final = Stage(
    name="stock_computed",
    columns={"place": str, "sku": str, "location": str, "items": int, "items_words": str, "target": int},
    rules=(
        unique("place", "place_repeated", "two figures were computed for the same place"),
        given("location", "location_unknown", "no location of the channel is mapped"),
        between("items", "item_unknown", "the shop has no item with this SKU", 1, detail="items_words"),
        between("items", "sku_doubled", "the shop has this SKU more than once", most=1, detail="items_words"),
        given("target", "figure_missing", "no figure came out"),
        between("target", "figure_negative", "the figure is negative", 0),
        between("target", "figure_implausible", f"the figure is over {MOST_UNITS} units", most=MOST_UNITS),
    ),
)

BEFORE_PUBLISHING: Final = Stage(
    name="stock_before_publishing",
    columns={"place": str, "shop": str, "known_shop": str, "sku": str, "quantity": int, "ceiling": int, "above": int},
    rules=(
        unique("place", "place_repeated", "the same place is in the batch twice"),
        given("known_shop", "shop_unknown", "the shop is not declared in the landscape"),
        given("quantity", "figure_missing", "there is no figure to publish"),
        between("quantity", "figure_negative", "the figure is negative", 0),
        between("quantity", "figure_implausible", f"the figure is over {MOST_UNITS} units", most=MOST_UNITS),
        between("above", "above_policy", "it is above the figure that the policy allows", most=0),
        between("ceiling", "figure_zero", "nothing may be sold", 1, severity=Severity.WARNING),
    ),
)

STOCK_STAGES: Final = {"received": RECEIVED, "computed": COMPUTED, "before_publishing": BEFORE_PUBLISHING}

_BUILDING: Final = threading.Lock()


def stock_gate(stage: str) -> Gate:
    """The gate of a stage of `STOCK_STAGES`, built on first use and kept for the process; threads may ask at once.

    Raises `KeyError` for a stage that there is not.
    """
    with _BUILDING:
        return _gate(stage)


@lru_cache(maxsize=len(STOCK_STAGES))
def _gate(stage: str) -> Gate:
    return Gate(STOCK_STAGES[stage])
