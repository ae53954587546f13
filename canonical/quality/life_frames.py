"""Turns events, lives and what is about to be written for them into rows that gates judge.

Faults are counted, and named in words; no customer data goes into a row.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Any, Final

from canonical.fulfillment import Parcel
from canonical.life import OrderLife, ReturnedLine
from canonical.money import Money, total
from canonical.order import Order
from canonical.ports.aftersales import FulfillmentWrite, RefundWrite
from canonical.records import Message
from canonical.returns import Disposition
from canonical.rules.lifecycle.moving import NEEDS_ACCOUNT, REASONS
from canonical.settlement import CreditPosting, MovementPosting
from canonical.warehouse import EventLine, WarehouseEvent, WarehouseEventKind

Row = dict[str, Any]
_NUMBER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./_-]{2,48}")
"""What a tracking number may hold at all; whether it is one of its carrier is a rule of shipping."""
_MOST_NAMED: Final = 3
_BY_ITEM: Final = "item/"
_MOVED: Final = frozenset({
    WarehouseEventKind.SHIPPED, WarehouseEventKind.RETURN_RECEIVED, WarehouseEventKind.RETURN_INSPECTED
})  # fmt: skip


def arrived_row(
    message: Message,
    event: WarehouseEvent | None,
    system: str | None,
    scope: str | None,
    place: str | None,
    now: datetime,
) -> Row:
    """One row a message; `event` where a warehouse sent it. `system`, `scope`, `place` are None when not declared."""
    lines = _moved(event) if event is not None else []
    occurred = event.occurred_at if event is not None else message.occurred_at
    return {
        "message": message.delivery_key,
        "known_system": system,
        "known_scope": scope,
        "event_id": (event.id if event is not None else message.event_id or message.delivery_key).strip() or None,
        "body_bytes": len(message.body),
        "seconds_ahead": int((occurred - now).total_seconds()) if occurred is not None else 0,
        "request_key": event.request_key if event is not None else None,
        "location": event.location if event is not None else None,
        "known_location": (place or "") if event is not None else None,
        "least_quantity": min(lines, default=None),
        "most_quantity": max(lines, default=None),
        **_faults("parcels_off", _event_parcels_off(event) if event is not None else []),
        **_faults("number_faults", _numbers(event.parcels) if event is not None else []),
        **_faults("without_disposition", _without_disposition(event) if event is not None else []),
    }


def _moved(event: WarehouseEvent) -> list[int]:
    """The quantities of what left or came back. Of other events a line may well be nothing."""
    if event.kind not in _MOVED:
        return []
    return [line.quantity for line in event.lines] + [line.quantity for p in event.parcels for line in p.lines]


def _event_parcels_off(event: WarehouseEvent) -> list[str]:
    """Lines of which the parcels hold more than was said to have left. What is in no parcel left without one."""
    if event.kind is not WarehouseEventKind.SHIPPED or not event.parcels or not event.lines:
        return []
    if not all(line.line_id for line in event.lines):
        return []
    said, packed = _by_line(event.lines), _packed(event.parcels)
    return [f"line {line}: {n} in parcels, {said[line]} left" for line, n in packed.items() if n > said[line]]


def _without_disposition(event: WarehouseEvent) -> list[str]:
    if event.kind is not WarehouseEventKind.RETURN_INSPECTED:
        return []
    return [f"{line.quantity} of {line.item}" for line in event.lines if line.disposition is None]


def fulfillment_row(life: OrderLife, order: Order | None) -> Row:
    """One row a life: its requests against what left for them. More than was asked for may be released by a person."""
    over, off = list[str](), list[str]()
    for task in life.tasks:
        packed = _sum(one.lines for one in life.shipments if one.task == task.key)
        for line, gone in task.shipped.items():
            asked = max(task.lines.get(line, 0), task.taken_lines.get(line, 0))
            if gone > asked:
                over.append(f"{gone} of line {line} from {task.location}, {asked} asked")
        off += [
            f"line {line} from {task.location}: {task.shipped.get(line, 0)} left, {packed[line]} in parcels"
            for line in {**task.shipped, **packed}
            if task.shipped.get(line, 0) != packed[line]
        ]
    known = {line.id for line in order.lines} if order is not None else None
    named = dict.fromkeys((*life.shipped, *(line for task in life.tasks for line in task.lines)))
    foreign = [line for line in named if known is not None and line not in known]
    counts = [n for task in life.tasks for n in (*task.lines.values(), *task.shipped.values(), *task.short.values())]
    return {
        "life": f"{life.shop}:{life.order_id}",
        **_faults("over_shipped", [] if "over_shipped" in life.waived else over),
        **_faults("parcels_off", off),
        **_faults("foreign_lines", [f"line {line}" for line in foreign]),
        **_faults("repeated_shipments", _doubled(one.id for one in life.shipments)),
        "least_quantity": min(counts, default=0),
    }


def returns_row(life: OrderLife, order: Order | None) -> Row:
    """One row a life: its returns line by line. A line sold before we heard of its shipment counts as sold."""
    lines = [line for one in life.returns for line in one.lines]
    most = Counter({line.id: line.quantity for line in order.lines} if order is not None else {})
    for line_id, gone in life.shipped.items():
        most[line_id] = max(most[line_id], gone)
    received, paid = Counter[str](), Counter[str]()
    for line in lines:
        received[line.line_id] += line.received
    for part in (p for one in life.returns for s in one.settlings if not s.rejected for p in s.lines):
        if part.line_id is not None:
            paid[part.line_id] += part.quantity
    counts = [n for line in lines for n in (line.asked, line.authorised, line.received)]
    return {
        "life": f"{life.shop}:{life.order_id}",
        **_faults("over_found", [words for line in lines if (words := _over_found(line))]),
        **_faults("over_received", _above(received, most, "came back") if _is_judged(life, order) else []),
        **_faults("over_credited", _above(paid, most, "paid back") if order is not None else []),
        **_faults("repeated_returns", _doubled(one.id for one in life.returns)),
        "least_quantity": min(counts, default=0),
    }


def _is_judged(life: OrderLife, order: Order | None) -> bool:
    """Whether what came back can be too much: somebody may have counted again, and it did come back."""
    return order is not None and "over_received" not in life.waived


def _over_found(line: ReturnedLine) -> str | None:
    """What is missing was found out without coming back."""
    found = line.found - line.with_disposition(Disposition.MISSING)
    return f"{found} of line {line.line_id} inspected, {line.received} back" if found > line.received else None


def _above(counted: Mapping[str, int], most: Mapping[str, int], words: str) -> list[str]:
    """Lines with more pieces than there can be. What is known by item only is a question for a person, not a fault."""
    return [
        f"{n} of line {line} {words}, {most[line]} sold"
        for line, n in counted.items()
        if n > most[line] and not line.startswith(_BY_ITEM)
    ]


def fulfilling_row(write: FulfillmentWrite) -> Row:
    """One row a fulfillment about to be made."""
    packed = _packed((write.parcel,))
    off = [
        f"line {line}: {packed[line]} in the parcel, {write.lines.get(line, 0)} fulfilled"
        for line in {**packed, **write.lines}
        if packed[line] != write.lines.get(line, 0)
    ]
    return {
        "key": write.key.strip() or None,
        "parcel": f"{write.order_id}/{write.parcel.id}/{write.key}",
        "location": write.location_id.strip() or None,
        "lines": len(write.lines),
        "least_quantity": min(write.lines.values(), default=None),
        **_faults("parcels_off", off if packed else []),
        **_faults("number_faults", _numbers((write.parcel,))),
    }


def crediting_row(posting: CreditPosting, company_currency: str | None) -> Row:
    """One row a credit memo about to be posted, in minor units."""
    currency = posting.total.currency
    amounts = [amount for line in posting.lines for amount in (line.net, line.tax)]
    empty = [line.purpose for line in posting.lines if not line.quantity and line.net.is_zero and line.tax.is_zero]
    return {
        "key": posting.key.strip() or None,
        "currency": currency,
        "company_currency": company_currency,
        "currencies": len({currency, *(amount.currency for amount in amounts)}),
        "lines": len(posting.lines),
        **_faults("empty_lines", empty),
        "total": posting.total.minor_units,
        "lines_total": total((a for a in amounts if a.currency == currency), currency).minor_units,
    }


def refunding_row(write: RefundWrite, order: Order | None) -> Row:
    """One row a refund about to be made, in minor units of what the shopper paid in."""
    currency = order.presentment_currency if order is not None else None
    foreign = [f"{one.amount} to {one.gateway}" for one in write.tenders if one.amount.currency != currency]
    given = sum((one.amount.amount for one in write.tenders if one.amount.currency == currency), Decimal(0))
    above = 0
    if order is not None and currency is not None:
        above = max(0, Money.of(given - _most_paid(order), currency).minor_units)
    return {
        "key": write.key.strip() or None,
        "order_currency": currency,
        **_faults("foreign_tenders", foreign if currency is not None else []),
        "least_tender": min((one.amount.minor_units for one in write.tenders), default=None),
        **_faults("without_parent", [one.gateway for one in write.tenders if not one.parent_id.strip()]),
        **_faults("repeated_parents", _doubled(one.parent_id for one in write.tenders if one.parent_id.strip())),
        "above_paid": above,
        "least_quantity": min((quantity for quantity, _ in write.lines.values()), default=None),
    }


def _most_paid(order: Order) -> Decimal:
    """The most that the order ever came to: as placed, or all that moved at its gateways after edits."""
    moved = sum(
        (one.amount.presentment.amount for one in order.transactions if one.amount.presentment.amount > 0), Decimal(0)
    )
    return max(order.totals.total.presentment.amount, moved)


def movement_row(posting: MovementPosting, now: datetime) -> Row:
    """One row a stock movement. Where it is no transfer, the target counts as given."""
    units = int(abs(posting.quantity).to_integral_value(ROUND_UP))
    return {
        "key": posting.key,
        "item": posting.item.strip() or None,
        "least_moved": units,
        "most_moved": units,
        "location": posting.location.strip() or None,
        "known_reason": posting.reason if posting.reason in REASONS else None,
        "without_account": int(posting.reason in NEEDS_ACCOUNT and not (posting.account or "").strip()),
        "target": (posting.to_location or "").strip() or None if posting.reason == "transfer" else "none needed",
        "seconds_ahead": int((posting.occurred_at - now).total_seconds()),
    }


def _numbers(parcels: Iterable[Parcel]) -> list[str]:
    """Tracking numbers that cannot be one."""
    numbers = [parcel.tracking_number.strip() for parcel in parcels if parcel.tracking_number]
    return [number[:40] or "a blank one" for number in numbers if not _NUMBER.fullmatch(number)]


def _by_line(lines: Iterable[EventLine]) -> Counter[str]:
    found = Counter[str]()
    for line in lines:
        found[line.line_id or ""] += line.quantity
    return found


def _packed(parcels: Iterable[Parcel]) -> Counter[str]:
    found = Counter[str]()
    for line in (line for parcel in parcels for line in parcel.lines):
        found[line.line_id] += line.quantity
    return found


def _sum(parts: Iterable[Mapping[str, int]]) -> Counter[str]:
    found = Counter[str]()
    for part in parts:
        found.update(part)
    return found


def _doubled(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _faults(column: str, words: Sequence[str]) -> Row:
    more = f" and {len(words) - _MOST_NAMED} more" if len(words) > _MOST_NAMED else ""
    return {column: len(words), f"{column}_words": "; ".join(words[:_MOST_NAMED]) + more if words else None}
