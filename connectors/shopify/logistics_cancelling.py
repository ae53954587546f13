"""Cancelling an order: the shop answers with a job, and cancels a little later."""

from asyncio import sleep
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from canonical.errors import CrossdockError, RejectedError, RetryableError
from connectors.shopify.aftersales_writing import need_id, unknown
from connectors.shopify.client import ShopifyClient
from connectors.shopify.errors import user_error
from connectors.shopify.reading import gid

_REASONS: Final = frozenset({"CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF"})
_GONE: Final = frozenset({"CANCELLED", "ERROR", "FAILURE"})
PATIENCE: Final = 20
"""How often a job is asked for, with pauses that grow to two seconds: some half a minute in all."""
_WAYS_OUT: Final = {
    "already_shipped": "Treat the rest as a return, or take the fulfillment back in the shop first.",
    "has_returns": "Finish or cancel the returns of the order, then replay.",
    "payment_pending": "Wait until the payment is decided, then replay.",
    "cancel_refused": "Look at the order in Shopify, then replay.",
}


@dataclass(frozen=True, slots=True)
class Canceller:
    """Cancels orders of one shop."""

    client: ShopifyClient

    async def cancel(self, order_id: str, reason: str, *, restock: bool, refund: bool, notify: bool) -> str:
        """As `FulfillmentChannel.cancel_order`. Asking again is safe: the shop refuses a second job."""
        order = await self._order(order_id)
        if order["cancelledAt"]:
            return order_id
        word = reason.upper() if reason.upper() in _REASONS else "OTHER"
        variables = {
            "id": gid("Order", order_id),
            "reason": word,
            "restock": restock,
            "refund": {"originalPaymentMethodsRefund": True} if refund else None,
            "notify": notify,
        }
        try:
            answer = await self.client.call("cancel_order", variables, document=order["name"])
        except RetryableError as error:
            if not error.maybe_applied:
                raise
            return await self._wait(order_id, order["name"], None, error)
        payload = answer.data.get("orderCancel") or {}
        if errors := payload.get("orderCancelUserErrors"):
            return await self._refused(order_id, user_error(errors, answer.headers, order["name"]))
        result = (payload.get("jobResult") or {}).get("id")
        return await self._wait(order_id, order["name"], result, _slow(order["name"]))

    async def _refused(self, order_id: str, error: CrossdockError) -> str:
        """All refusals have one code, so what the order shows tells why."""
        order = await self._order(order_id)
        if order["cancelledAt"]:
            return order_id
        code = _obstacle(order)
        if code == "cancel_refused":  # perhaps because a cancellation is under way already
            return await self._wait(order_id, order["name"], None, _coded(error, code, order["name"]), looks=6)
        raise _coded(error, code, order["name"])

    async def _wait(
        self, order_id: str, name: str, result: str | None, late: CrossdockError, looks: int = PATIENCE
    ) -> str:
        """Until the order is cancelled. Raises what the job says, or `late` when patience ends."""
        variables = {"order": gid("Order", order_id), "result": result or gid("Order", order_id)}
        for look in range(looks):
            await sleep(min(0.2 * (look + 1), 2.0))
            answer = await self.client.call("cancel_progress", variables, document=name)
            if (answer.data.get("order") or {}).get("cancelledAt"):
                return order_id
            job = answer.data.get("node") or {}
            if job.get("status") == "FAILED":
                errors = job.get("errors") or [{"message": "the shop gave no reason"}]
                raise _coded(user_error(errors, answer.headers, name), "cancel_refused", name)
        raise late

    async def _order(self, order_id: str) -> dict[str, Any]:
        need_id(order_id, "order_id", order_id)
        answer = await self.client.call("order_obstacles", {"id": gid("Order", order_id)}, document=order_id)
        order: dict[str, Any] | None = answer.data.get("order")
        if order is None:
            raise unknown("order", order_id)
        return order


def _obstacle(order: Mapping[str, Any]) -> str:
    if any(one["status"] not in _GONE for one in order.get("fulfillments") or ()):
        return "already_shipped"
    if (order.get("returnStatus") or "NO_RETURN") != "NO_RETURN":
        return "has_returns"
    transactions = order.get("transactions") or ()
    if any(one["kind"] == "AUTHORIZATION" and one["status"] == "PENDING" for one in transactions):
        return "payment_pending"
    return "cancel_refused"


def _coded(error: CrossdockError, code: str, name: str) -> CrossdockError:
    """The refusal under our code; another class of error stays what it is."""
    if not isinstance(error, RejectedError):
        return error
    return RejectedError(error.words, code=code, document=name, field=error.field, way_out=_WAYS_OUT[code])


def _slow(name: str) -> RetryableError:
    words = "the shop has not finished cancelling this order yet"
    return RetryableError(words, code="cancel_running", document=name, maybe_applied=True)
