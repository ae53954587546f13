"""The policy as arithmetic over arrays of whole numbers: no fraction is ever held in floating point."""

from typing import Any

import numpy as np

from canonical.inventory import StockOwner
from canonical.rules.availability.columns import Ints
from canonical.rules.availability.terms import NO_CAP, Terms, Value
from canonical.rules.policies import EVERYTHING


def never(value: Value, number: int) -> bool:
    """Whether a term is this one number for all."""
    return isinstance(value, int) and value == number


def sellable(net: Ints, told: Ints | None, terms: Terms, owner: StockOwner, scale: int) -> Ints:
    """What is left after safety stock, buffer and the pools of other shops.

    `told` is the source's own safety stock, None where it has none.
    """
    return _without_pools(_after_buffer(_after_safety(net, told, terms, owner), terms, scale), terms)


def _after_safety(net: Ints, told: Ints | None, terms: Terms, owner: StockOwner) -> Ints:
    if owner is StockOwner.CROSSDOCK and (told is not None or not never(terms.safety, -1)):
        source = 0 if told is None else told
        if isinstance(terms.safety, int):
            net = net - (source if terms.safety < 0 else terms.safety)
        else:
            net = net - np.where(terms.safety < 0, source, terms.safety)
    return net


def _after_buffer(net: Ints, terms: Terms, scale: int) -> Ints:
    if isinstance(terms.buffer, int):
        if terms.buffer == 0:
            return net
        return net - (terms.buffer if terms.buffer > 0 else _percent_up(net, -terms.buffer, scale))
    return net - np.where(terms.buffer >= 0, terms.buffer, _percent_up(net, -terms.buffer, scale))


def _without_pools(left: Ints, terms: Terms) -> Ints:
    """Less what is kept for other shops. Pools are filled one after another, this shop's own in its turn."""
    if never(terms.before, 0) and never(terms.after, 0):
        return left
    room = np.maximum(left, 0)
    first = np.minimum(terms.before, room)
    later = np.minimum(terms.after, np.maximum(room - first - terms.pool, 0))
    rest: Ints = left - first - later
    return rest


def _percent_up(net: Ints, points: Value, scale: int) -> Ints:
    """So many basis points of what is there, rounded up to whole units."""
    there: Ints = np.maximum(net, 0)
    kept: Ints = there * points
    whole_units: Ints = -(-kept // (EVERYTHING * scale))
    return whole_units * scale


def shown(left: Ints, terms: Terms, scale: int) -> Ints:
    """The figure: share, backorders, cap, window, never below zero, whole units."""
    if not never(terms.share, EVERYTHING):
        part: Ints = left * terms.share // (EVERYTHING * scale) * scale
        left = np.where((left > 0) & (np.asarray(terms.share) < EVERYTHING), part, left)
    if not never(terms.limit, 0):
        left = left + terms.limit
    if not never(terms.cap, NO_CAP):
        left = np.minimum(left, terms.cap)
    if not never(terms.open, 1):
        left = left * terms.open
    left = np.maximum(left, 0)
    return left if scale == 1 else left // scale


def urgent(quantities: Ints, terms: Terms) -> Any:
    """Which figures go first: nothing left, or below the threshold."""
    return quantities < np.maximum(terms.urgent, 1)
