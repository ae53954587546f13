"""Telling the shop what left: a fulfillment a parcel, corrected tracking, and what happens on the way."""

from datetime import datetime
from typing import Final

from canonical.fulfillment import Parcel
from canonical.life import OrderLife, ParcelNews, Shipped
from canonical.ports.aftersales import FulfillmentWrite
from canonical.rules.lifecycle.drafting import Draft
from canonical.rules.lifecycle.keys import key, mark
from canonical.rules.lifecycle.pieces import added
from canonical.rules.lifecycle.tidying import after_cancel
from canonical.rules.lifecycle.tracking import normal_number, tracking_mark, tracking_problem
from canonical.steps import Deliver, Move, Operation, Track

_USED: Final = "tracking_used"


def plan_telling(draft: Draft) -> None:
    """What the shopper is to see of every shipment. The ERP is told beside it, whatever becomes of this."""
    late = {one.id for one in after_cancel(draft)}
    for shipment in draft.life.shipments:
        if shipment.taken_back and not shipment.cancelled:
            words = f"shipment {shipment.id} left, but its fulfillment was cancelled in the shop"
            way_out = "Ask the warehouse. If it left, mark it as fulfilled in the shop; then release this."
            draft.wait("fulfillment_taken_back", words, way_out)
        if shipment.cancelled or shipment.id in late:
            continue
        for parcel in shipment.parcels:
            if parcel.id in shipment.told:
                _correct(draft, shipment, parcel)
            elif not shipment.made_elsewhere and draft.order.cancelled_at is None:
                _tell(draft, shipment, parcel)
    for news in draft.life.news:
        _on_the_way(draft, news)


def fulfill_key(life: OrderLife, shipment: Shipped, parcel: Parcel) -> str:
    """The key of the fulfillment of one parcel."""
    return key(life, Operation.FULFILL, shipment.id, parcel.id)


def told_at(life: OrderLife, shipment: Shipped) -> datetime | None:
    """When the shop first showed some of it; None while it shows nothing."""
    done = [life.done.get(fulfill_key(life, shipment, parcel)) for parcel in shipment.parcels]
    times = [one.at for one in done if one is not None]
    if times:
        return min(times)
    return shipment.shipped_at if shipment.told else None


def _tell(draft: Draft, shipment: Shipped, parcel: Parcel) -> None:
    place = draft.facts.places.channel_location(draft.order.shop, shipment.location)
    if place is None:
        words = f"no location of the shop is mapped to {shipment.location}"
        draft.wait("location_unmapped", words, "Add the mapping; it goes on by itself.")
        return
    if not _may_show(draft, shipment, parcel):
        return
    lines = _lines(parcel)
    parcel = _without_anothers(draft, parcel)
    name = fulfill_key(draft.life, shipment, parcel)
    write = FulfillmentWrite(
        key=name,
        order_id=draft.order.id,
        location_id=place,
        parcel=parcel,
        lines=lines,
        notify=draft.policy.notify,
    )
    moved = _moved_after_all(draft, shipment, name, place, lines)
    draft.want(Operation.FULFILL, name, shipment.id, lambda: write, again_after=moved)


def _moved_after_all(draft: Draft, shipment: Shipped, name: str, place: str, lines: dict[str, int]) -> datetime | None:
    """Somebody moved the lines in the shop after we asked for them: they are moved to where they left from."""
    stopped = draft.life.stopped.get(name)
    if stopped is None or stopped.code != "at_other_location" or not draft.order.fulfillment_orders:
        return None
    rows = draft.order.fulfillment_orders
    source = next((one for one in rows if any(row.line_id in lines for row in one.lines)), rows[0])
    moving = key(draft.life, Operation.MOVE, shipment.location, "left", mark((shipment.id, lines)))
    done = draft.want(Operation.MOVE, moving, shipment.location, lambda: Move(source.id, place, lines))
    return done.at if done else None


def _may_show(draft: Draft, shipment: Shipped, parcel: Parcel) -> bool:
    """Whether the number is one a shopper can follow; else the parcel waits until it is corrected or waived."""
    others = [
        other.tracking_number
        for one in draft.life.shipments
        for other in one.parcels
        if other.tracking_number and (one.id, other.id) != (shipment.id, parcel.id) and not one.cancelled
    ]
    problem = tracking_problem(parcel, others)
    if problem is None or "tracking_invalid" in draft.life.waived:
        return True
    way_out = "Let the warehouse send the right number, or release it to show it as it is."
    draft.wait("tracking_invalid", f"parcel {parcel.id} of {draft.order.name}: {problem}", way_out)
    return False


def _without_anothers(draft: Draft, parcel: Parcel) -> Parcel:
    """The parcel without a number that another order has: it is shown as gone, and nobody follows another's goods."""
    number = normal_number(parcel.tracking_number or "")
    other = draft.facts.number_used(number) if number else None
    if other is None or _USED in draft.life.waived:
        return parcel
    words = f"{parcel.carrier} number {number} of {draft.order.name} is on a parcel of order {other}; it is not shown"
    way_out = "Let the warehouse send the right number, or release it when one parcel holds both orders."
    draft.wait(_USED, words, way_out)
    return parcel.model_copy(update={"tracking_number": None, "tracking_url": None})


def _correct(draft: Draft, shipment: Shipped, parcel: Parcel) -> None:
    """Show another number than is shown. A number that was taken away stays: nobody can un-see it."""
    shown = shipment.shown.get(parcel.id, "")
    if shown == tracking_mark(parcel):
        return
    parcel = _without_anothers(draft, parcel)
    now = tracking_mark(parcel)
    if shown == now or not now or not _may_show(draft, shipment, parcel):
        return
    track = Track(shipment.told[parcel.id], parcel, draft.policy.notify)
    name = key(draft.life, Operation.TRACK, shipment.id, parcel.id, mark(now))
    draft.want(Operation.TRACK, name, shipment.id, lambda: track)


def _on_the_way(draft: Draft, news: ParcelNews) -> None:
    """What happened to a parcel, once the shop shows the parcel."""
    shipment = next(
        (one for one in draft.life.shipments if news.shipment in (one.id, one.task) and not one.cancelled), None
    )
    if shipment is None:
        return
    named = (p for p in shipment.parcels if news.tracking_number and p.tracking_number == news.tracking_number)
    parcels = tuple(named) or shipment.parcels
    for place, fulfillment in enumerate(dict.fromkeys(shipment.told[p.id] for p in parcels if p.id in shipment.told)):
        event = Deliver(fulfillment, news.status, news.happened_at.isoformat())
        name = key(draft.life, Operation.DELIVERY, news.id, *((str(place + 1),) if place else ()))
        draft.want(Operation.DELIVERY, name, shipment.id, lambda event=event: event)  # type: ignore[misc]


def _lines(parcel: Parcel) -> dict[str, int]:
    return added({line.line_id: line.quantity} for line in parcel.lines)
