"""Before the money: agreeing, authorising in the ERP, opening a return for blind goods, receiving, disposing."""

from collections import Counter
from typing import Final

from canonical.life import ReturnLife
from canonical.returns import Disposition, ReturnStatus
from canonical.rules.lifecycle.facts import Facts, Waits
from canonical.rules.lifecycle.returns import money, postings
from canonical.rules.lifecycle.returns.counting import BY_ITEM, fingerprint, renamed, surplus
from canonical.rules.lifecycle.returns.freezing import label
from canonical.rules.lifecycle.returns.naming import is_alone, is_blind, is_done, key_of
from canonical.steps import OnReturn, OpenReturn, Operation, Step

_ENDED: Final = (ReturnStatus.DECLINED, ReturnStatus.CANCELLED, ReturnStatus.CLOSED)


def prepared(facts: Facts, return_: ReturnLife) -> tuple[ReturnLife, list[Waits]]:
    """The return with its items known by order line, and with what the ERP is to authorise, frozen."""
    if is_alone(return_):
        return return_, []
    return_ = renamed(return_, _lines_of_items(facts, return_))
    waits = list[Waits]()
    strange = [line.line_id for line in return_.lines if not money.has_line(facts.order, line.line_id)]
    if strange:
        what = ", ".join(one.removeprefix(BY_ITEM) for one in strange)
        words = f"goods came back with return {label(return_)} that the order does not have: {what}"
        waits.append(Waits("goods_unknown", words, "Find out whose goods they are; then release this."))
    if is_blind(return_):
        return _asked(facts, return_), waits
    if return_.channel_status is ReturnStatus.OPEN and return_.authorised_to is None and facts.booked:
        return_ = _authorised(facts, return_)
    if return_.channel_status is not None and surplus(return_) and not strange:
        words = f"more pieces came back with return {label(return_)} than were announced: {surplus(return_)}"
        way_out = "Count again; add the pieces to the return in the shop, or open one for them."
        waits.append(Waits("too_many_returned", words, way_out))
    return return_, waits


def due_for_goods(facts: Facts, return_: ReturnLife) -> tuple[list[Step], list[Waits]]:
    """The steps before the money."""
    if is_alone(return_):
        return _receiving(facts, return_) if return_.authorised_to else ([], [])
    if is_blind(return_):
        return _opening(facts, return_)
    if return_.channel_status is ReturnStatus.REQUESTED:
        return _agreeing(facts, return_)
    steps, waits = _receiving(facts, return_)
    if return_.channel_status is ReturnStatus.OPEN:
        told, stops = _disposing(facts, return_)
        steps, waits = steps + told, waits + stops
    return steps, waits


def _agreeing(facts: Facts, return_: ReturnLife) -> tuple[list[Step], list[Waits]]:
    rules = [facts.policy.returns.rule(line.reason) for line in return_.lines]
    if all(rule.authorise for rule in rules):
        return [postings.step(facts, return_, Operation.APPROVE_RETURN, OnReturn(return_.id))], []
    words = f"return {label(return_)} of {facts.order.name} is asked for a reason that a person decides"
    return [], [Waits("return_to_decide", words, "Approve or decline the return in the shop.")]


def _opening(facts: Facts, return_: ReturnLife) -> tuple[list[Step], list[Waits]]:
    """A return in the shop for goods that nobody announced."""
    lines: dict[str, int] = {}
    for line in return_.lines:
        if line.asked:
            lines[line.line_id] = lines.get(line.line_id, 0) + line.asked
    if not lines:
        return [], []
    gone, back = facts.life.shipped, _announced_elsewhere(facts, return_)
    if any(pieces > gone.get(line_id, 0) - back[line_id] for line_id, pieces in lines.items()):
        words = f"goods of {facts.order.name} came back that had not left, or are in another return: {label(return_)}"
        return [], [Waits("not_shipped", words, "Count again, and look which order and return they belong to.")]
    request = OpenReturn(facts.life.order_id, lines, "unknown")
    return [postings.step(facts, return_, Operation.OPEN_RETURN, request)], []


def _receiving(facts: Facts, return_: ReturnLife) -> tuple[list[Step], list[Waits]]:
    """Authorisation, then receipts, at the ERP."""
    if not facts.booked or return_.authorised_to is None:
        missing = return_.channel_status is ReturnStatus.OPEN and facts.booked and bool(return_.lines)
        words = f"nobody knows which warehouse return {label(return_)} of {facts.order.name} goes to"
        stop = Waits("return_location_unknown", words, "Tell where the order was shipped from, or receive the goods.")
        return [], [stop] if missing else []
    if not is_done(facts.life, key_of(facts.life, Operation.AUTHORISE, return_.id)):
        given_up = return_.channel_status in _ENDED and not return_.arrivals
        return ([] if given_up else [postings.authorisation(facts, return_)]), []
    return postings.receipts(facts, return_), _left_open(facts, return_)


def _left_open(facts: Facts, return_: ReturnLife) -> list[Waits]:
    """A return that is over in the shop while the ERP still expects pieces of it: no ERP takes that back by itself."""
    coming = sum(line.authorised - min(line.found, line.authorised) for line in return_.lines)
    if return_.channel_status not in _ENDED or is_alone(return_) or not coming:
        return []
    done = facts.life.done[key_of(facts.life, Operation.AUTHORISE, return_.id)]
    words = f"return {label(return_)} is {return_.channel_status.value} in the shop, and the ERP expects {coming} of it"
    way_out = f"Close authorisation {done.number or done.id} in the ERP; then release this."
    return [Waits("authorisation_open", words, way_out)]


def _disposing(facts: Facts, return_: ReturnLife) -> tuple[list[Step], list[Waits]]:
    mark = fingerprint(return_)
    if (
        mark is None
        or mark == return_.disposed
        or any(one.found and not one.return_line_id for one in return_.lines if one.asked)
    ):
        return [], []
    told = postings.dispositions(facts, return_)
    if isinstance(told, str):
        words = f"return {label(return_)}: location {told} is mapped to none of the shop"
        return [], [Waits("location_unmapped", words, f"Add the mapping for {told}; it goes on by itself.")]
    return [postings.disposal(facts, return_, mark, told)], []


def _lines_of_items(facts: Facts, return_: ReturnLife) -> dict[str, str]:
    """The order line of each item that a warehouse named without one: a line of this return before any other."""
    wanted = [line.line_id for line in return_.lines if line.line_id.startswith(BY_ITEM)]
    own = [line.line_id for line in return_.lines if not line.line_id.startswith(BY_ITEM)]
    candidates = [*own, *(line.id for line in facts.order.lines if facts.life.shipped.get(line.id))]
    found = {}
    for name in wanted:
        line = next((one for one in candidates if facts.item_of(one) == name.removeprefix(BY_ITEM)), None)
        if line is not None:
            found[name] = line
    return found


def _asked(facts: Facts, return_: ReturnLife) -> ReturnLife:
    """Of blind goods all that came is announced by us."""
    lines = tuple(
        line.model_copy(update={"asked": line.asked or max(line.received, _came(line.inspected))})
        if money.has_line(facts.order, line.line_id)
        else line
        for line in return_.lines
    )
    return return_.model_copy(update={"lines": lines})


def _came(found: tuple[object, ...]) -> int:
    return sum(getattr(one, "quantity", 0) for one in found if getattr(one, "disposition", None) != Disposition.MISSING)


def _authorised(facts: Facts, return_: ReturnLife) -> ReturnLife:
    """All that is asked may come back, to where it came to, or left from."""
    known = [line.line_id for line in return_.lines if line.asked]
    from_ = [one.location for one in facts.life.shipments if not one.cancelled and any(k in one.lines for k in known)]
    place = return_.location or next(iter(from_), None)
    if not known or place is None:
        return return_
    lines = tuple(line.model_copy(update={"authorised": line.asked}) for line in return_.lines)
    return return_.model_copy(update={"lines": lines, "authorised_to": place})


def _announced_elsewhere(facts: Facts, return_: ReturnLife) -> Counter[str]:
    over = (ReturnStatus.DECLINED, ReturnStatus.CANCELLED)
    counted: Counter[str] = Counter()
    for other in facts.life.returns:
        if other.id != return_.id and other.channel_status not in over:
            for line in other.lines:
                counted[line.line_id] += line.asked
    return counted
