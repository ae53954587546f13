"""Counting what came back: arrivals, told in parts, twice and in any order, into pieces of return lines."""

from collections import Counter

from canonical.ids import digest
from canonical.life import ArrivedLine, ReturnedLine, ReturnLife
from canonical.returns import Disposition, Inspected

BY_ITEM = "item/"


def recounted(return_: ReturnLife) -> ReturnLife:
    """The same return with `received` and `inspected` of its lines counted anew from all its arrivals.

    Pieces fill the return lines of their order line in turn; the last of them takes what is more than was asked.
    What was inspected without a word of its receipt was received, unless it is missing.
    """
    lines = list(return_.lines)
    known = {line.line_id for line in lines}
    told = dict.fromkeys(one.line_id for arrival in return_.arrivals for one in arrival.lines)
    lines += [ReturnedLine(line_id=line_id) for line_id in told if line_id not in known]
    counted: list[ReturnedLine] = []
    for line_id in dict.fromkeys(line.line_id for line in lines):
        counted += _filled([line for line in lines if line.line_id == line_id], return_)
    return return_.model_copy(update={"lines": tuple(counted)})


def _filled(lines: list[ReturnedLine], return_: ReturnLife) -> list[ReturnedLine]:
    """The return lines of one order line."""
    line_id = lines[0].line_id
    received, found = 0, list[Inspected]()
    for arrival in return_.arrivals:
        for one in (one for one in arrival.lines if one.line_id == line_id):
            if not arrival.inspected:
                received += one.quantity
            elif one.disposition is not None:
                found.append(Inspected(disposition=one.disposition, quantity=one.quantity, location=arrival.location))
    seen = sum(one.quantity for one in found if one.disposition is not Disposition.MISSING)
    received = max(received, seen)
    filled = []
    for place, line in enumerate(lines):
        last = place == len(lines) - 1
        room = received if last else min(received, line.asked)
        received -= room
        mine, found = _taken(found, None if last else line.asked)
        filled.append(line.model_copy(update={"received": room, "inspected": mine}))
    return filled


def _taken(found: list[Inspected], most: int | None) -> tuple[tuple[Inspected, ...], list[Inspected]]:
    """The first `most` pieces (None: all), and the rest."""
    mine, rest = list[Inspected](), list[Inspected]()
    room = sum(one.quantity for one in found) if most is None else most
    for one in found:
        part = min(room, one.quantity)
        room -= part
        if part:
            mine.append(one.model_copy(update={"quantity": part}))
        if one.quantity > part:
            rest.append(one.model_copy(update={"quantity": one.quantity - part}))
    return tuple(mine), rest


def announced(line: ReturnedLine) -> tuple[Inspected, ...]:
    """What was found of a line, as far as it was announced: more pieces than that are a question for a person."""
    return _taken(list(line.inspected), line.asked)[0]


def surplus(return_: ReturnLife) -> int:
    """Pieces that came back and that nobody announced."""
    return sum(max(0, max(line.received, line.found) - line.asked) for line in return_.lines)


def fingerprint(return_: ReturnLife) -> str | None:
    """What the channel is to know of the inspections; None when there is nothing to tell."""
    told = [(line.return_line_id, line.line_id, _rows(announced(line))) for line in return_.lines if announced(line)]
    return digest(told)[:16] if told else None


def _rows(found: tuple[Inspected, ...]) -> list[tuple[str, str, int]]:
    counted: Counter[tuple[str, str]] = Counter()
    for one in found:
        counted[one.disposition.value, one.location or ""] += one.quantity
    return sorted((kind, place, pieces) for (kind, place), pieces in counted.items())


def restocked(return_: ReturnLife, wanted: tuple[Disposition, ...]) -> list[tuple[str, dict[str, int]]]:
    """Pieces that go to stock by arrival and order line, never more in all than the ERP authorised."""
    room = Counter({line.line_id: 0 for line in return_.lines})
    for line in return_.lines:
        room[line.line_id] += line.authorised
    found = []
    for arrival in return_.arrivals:
        back: Counter[str] = Counter()
        for one in arrival.lines if arrival.inspected else ():
            # What is found takes its place among the announced pieces, whatever becomes of it.
            part = min(one.quantity, room[one.line_id])
            room[one.line_id] -= part
            if part and one.disposition in wanted:
                back[one.line_id] += part
        if back:
            found.append((arrival.id, dict(back)))
    return found


def renamed(return_: ReturnLife, line_of_item: dict[str, str]) -> ReturnLife:
    """The same return with arrivals by item turned into arrivals by order line, as far as it is known."""
    if not any(one.line_id in line_of_item for arrival in return_.arrivals for one in arrival.lines):
        return return_
    arrivals = tuple(
        arrival.model_copy(
            update={
                "lines": tuple(
                    ArrivedLine(
                        line_id=line_of_item.get(one.line_id, one.line_id),
                        quantity=one.quantity,
                        disposition=one.disposition,
                    )
                    for one in arrival.lines
                )
            }
        )
        for arrival in return_.arrivals
    )
    kept = tuple(line for line in return_.lines if line.line_id not in line_of_item)
    return recounted(return_.model_copy(update={"arrivals": arrivals, "lines": kept}))
