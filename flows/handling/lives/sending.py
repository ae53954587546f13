"""Carrying steps out: which port call each operation is. Knows no rules, and no order.

What a port raises for the whole call becomes the outcome of every step in it, so that a caller looks at outcomes only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from canonical.errors import CrossdockError, MisconfiguredError, RetryableError
from canonical.outcomes import Failed, Outcome
from canonical.ports.warehouse import Warehouse
from canonical.steps import Operation, Side, Step
from flows.handling.lives.papers import Sending, Wave
from flows.runtime import Runtime

AT_ONCE: Final = 4
"""How many calls that carry one step each are under way at a shop at the same time: the shared budget paces them."""

Many = Callable[[Runtime, Wave, list[Any]], Awaitable[Sequence[Outcome[Any]]]]
One = Callable[[Runtime, Wave, Step], Awaitable[Outcome[Any]]]


async def send(rt: Runtime, wave: Wave) -> None:
    """Send every step of the wave; each sending has its outcome or its error then. Raises no system's error."""
    many, one = _MANY.get(wave.operation), _ONE.get(wave.operation)
    if many is not None:
        outcomes = await _together(rt, wave, many)
    elif one is not None:
        outcomes = await _each(rt, wave, one)
    else:
        raise TypeError(f"nobody carries out {wave.operation}")
    for sending, outcome in zip(wave.sendings, outcomes, strict=True):
        _take(sending, outcome)


async def _together(rt: Runtime, wave: Wave, call: Many) -> Sequence[Outcome[Any]]:
    try:
        return await call(rt, wave, [sending.step.request for sending in wave.sendings])
    except CrossdockError as error:
        return [Failed(error)] * len(wave.sendings)


async def _each(rt: Runtime, wave: Wave, call: One) -> Sequence[Outcome[Any]]:
    """One call each, some at a time. After the system went away the rest is not tried."""
    gone: list[CrossdockError] = []
    few = asyncio.Semaphore(AT_ONCE)

    async def attempt(step: Step) -> Outcome[Any]:
        async with few:
            if gone:
                return Failed(gone[0])
            try:
                outcome = await call(rt, wave, step)
            except CrossdockError as error:
                outcome = Failed(error)
            if isinstance(outcome, Failed) and isinstance(outcome.error, RetryableError | MisconfiguredError):
                gone.append(outcome.error)
            return outcome

    return await asyncio.gather(*(attempt(sending.step) for sending in wave.sendings))


def _take(sending: Sending, outcome: Outcome[Any]) -> None:
    """The outcome into the paper: ids of the other side, an acknowledgement to come, or an error by its class."""
    if isinstance(outcome, Failed):
        if isinstance(outcome.error, RetryableError | MisconfiguredError):
            sending.later = outcome.error
        else:
            sending.error = outcome.error
    elif hasattr(outcome, "value"):
        value = outcome.value
        if isinstance(value, str):
            sending.result = (value or sending.step.subject, None)
        else:
            id_ = getattr(value, "external_id", None) or getattr(value, "id", None) or sending.step.subject
            sending.result = (str(id_), getattr(value, "number", None))
    else:
        sending.awaiting = outcome


# Warehouses


async def _request(rt: Runtime, wave: Wave, requests: list[Any]) -> Sequence[Outcome[Any]]:
    return await _warehouse(rt, wave).submit(requests)


async def _amend(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    return await _warehouse(rt, wave).amend(step.request)


async def _cancel_request(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    (outcome,) = await _warehouse(rt, wave).cancel([step.request.of], step.request.reason)
    return outcome


def _warehouse(rt: Runtime, wave: Wave) -> Warehouse:
    try:
        return rt.house.warehouses[wave.scope][wave.system]
    except KeyError:
        raise MisconfiguredError(
            f"{wave.system} ships for {wave.scope} in the life of an order, but not in the landscape",
            code="warehouse_missing",
            way_out="Name it in [[warehouses]] again until its requests have ended.",
        ) from None


# The ERP


def _erp(method: str) -> Many:
    async def call(rt: Runtime, wave: Wave, requests: list[Any]) -> Sequence[Outcome[Any]]:
        outcomes: Sequence[Outcome[Any]] = await getattr(rt.house.settlements[wave.scope], method)(requests)
        return outcomes

    return call


async def _cancel_sale(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    return await rt.erps[wave.scope].cancel(step.request.of, step.request.reason)


# The shop


async def _fulfill(rt: Runtime, wave: Wave, requests: list[Any]) -> Sequence[Outcome[Any]]:
    return await rt.house.fulfillment[wave.scope].fulfill(requests)


async def _note_invoice(rt: Runtime, wave: Wave, requests: list[Any]) -> Sequence[Outcome[Any]]:
    return await rt.channels[wave.scope].write_back(requests)


async def _move(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    ask = step.request
    return await rt.house.fulfillment[wave.scope].move(ask.fulfillment_order_id, ask.location_id, ask.lines)


async def _hold(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    ask = step.request
    return await rt.house.fulfillment[wave.scope].hold(ask.fulfillment_order_id, ask.reason, ask.handle)


async def _release(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    ask = step.request
    return await rt.house.fulfillment[wave.scope].release(ask.fulfillment_order_id, ask.handle)


async def _track(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    ask = step.request
    return await rt.house.fulfillment[wave.scope].update_tracking(ask.fulfillment_id, ask.parcel, notify=ask.notify)


async def _deliver(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    ask = step.request
    return await rt.house.fulfillment[wave.scope].delivery_event(ask.fulfillment_id, ask.status, ask.happened_at)


async def _capture(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    ask = step.request
    return await rt.house.fulfillment[wave.scope].capture(ask.order_id, ask.parent_id, ask.total)


async def _cancel_order(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    ask = step.request
    shop = rt.house.fulfillment[wave.scope]
    return await shop.cancel_order(ask.order_id, ask.reason, restock=ask.restock, refund=ask.refund, notify=ask.notify)


async def _approve_return(rt: Runtime, wave: Wave, requests: list[Any]) -> Sequence[Outcome[Any]]:
    return await rt.house.returns[wave.scope].approve([ask.return_id for ask in requests])


async def _decline_return(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    ask = step.request
    return await rt.house.returns[wave.scope].decline(ask.return_id, ask.reason, ask.note)


async def _open_return(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    ask = step.request
    return await rt.house.returns[wave.scope].open_return(step.key, ask.order_id, ask.lines, ask.reason)


async def _dispose(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    return await rt.house.returns[wave.scope].dispose(step.request.return_id, step.request.dispositions)


async def _refund(rt: Runtime, wave: Wave, step: Step) -> Outcome[Any]:
    return await rt.house.returns[wave.scope].refund(step.request)


async def _close_return(rt: Runtime, wave: Wave, requests: list[Any]) -> Sequence[Outcome[Any]]:
    return await rt.house.returns[wave.scope].close([ask.return_id for ask in requests])


_MANY: Final[dict[Operation, Many]] = {
    Operation.REQUEST: _request,
    Operation.FULFILL: _fulfill,
    Operation.NOTE_INVOICE: _note_invoice,
    Operation.AMEND_SALE: _erp("amend_sales"),
    Operation.APPROVE_RETURN: _approve_return,
    Operation.CLOSE_RETURN: _close_return,
    Operation.SHIPMENT: _erp("post_shipments"),
    Operation.INVOICE: _erp("post_invoices"),
    Operation.PAYMENT: _erp("post_payments"),
    Operation.AUTHORISE: _erp("authorise_returns"),
    Operation.RECEIVE: _erp("receive_returns"),
    Operation.CREDIT: _erp("post_credits"),
    Operation.MOVEMENT: _erp("post_movements"),
}
_ONE: Final[dict[Operation, One]] = {
    Operation.AMEND: _amend,
    Operation.CANCEL_REQUEST: _cancel_request,
    Operation.CANCEL_SALE: _cancel_sale,
    Operation.MOVE: _move,
    Operation.HOLD: _hold,
    Operation.RELEASE: _release,
    Operation.TRACK: _track,
    Operation.DELIVERY: _deliver,
    Operation.CAPTURE: _capture,
    Operation.CANCEL_ORDER: _cancel_order,
    Operation.DECLINE_RETURN: _decline_return,
    Operation.OPEN_RETURN: _open_return,
    Operation.DISPOSE: _dispose,
    Operation.REFUND: _refund,
}


def scope_of(rt: Runtime, shop: str, step: Step) -> tuple[str, str]:
    """(scope, system) of the lane a step goes through: the shop, or the company's ERP, or a warehouse of it."""
    company = rt.landscape.shop(shop).company
    if step.side is Side.CHANNEL:
        return shop, rt.landscape.shop(shop).channel
    if step.side is Side.ERP:
        return company, rt.landscape.company(company).system
    return company, step.system or "warehouse"
