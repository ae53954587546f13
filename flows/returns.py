"""Returns and refunds: request, authorisation, receipt, inspection, approval, credit memo, refund, closed; each once.

Started by the event `crossdock.inbox.returns`, by the sweep schedule, in the Prefect UI, or by `crossdock lives look`.
"""

from datetime import UTC, datetime

from prefect import flow, get_run_logger
from prefect.runtime import flow_run as current

from canonical.errors import CrossdockError
from flows.fulfillment import drain_lives, look_at
from flows.handling.lives.messages import LOOK, RETURNS, about_order
from flows.handling.lives.sweeping import poll_returns, sweep_lives
from flows.runtime import runtime
from flows.steps.approvals import answer_to, show_approval

APPROVAL = "refund-approval/approval"


def _run_name() -> str:
    names = current.parameters.get("names") or []
    what = ", ".join(names[:3]) + ("…" if len(names) > 3 else "") if names else "drain"
    return f"returns {what} {datetime.now(UTC):%H:%M:%S}"


@flow(name="returns", flow_run_name=_run_name, log_prints=False)
async def returns(
    names: list[str] | None = None, shop: str | None = None, linger_seconds: float | None = None
) -> dict[str, int]:
    """Carry returns and refunds on.

    Args:
        names: Orders whose returns are looked at again now (#1001); empty drains what the inbox holds.
        shop: The shop of `names`, where two shops use the same name.
        linger_seconds: How long an idle drain waits for more before it ends.

    Returns how often each step was done.
    """
    rt = await runtime()
    if rt.logistics is None:
        get_run_logger().info("No company has a warehouse in the landscape: no returns are handled.")
        return {}
    await look_at(rt, names, shop)
    await sweep_lives(rt)
    linger = rt.settings.linger_seconds if linger_seconds is None else linger_seconds
    tally = await drain_lives(rt, (RETURNS,), linger, "returns", "Returns")
    for number in sorted(tally.asked):
        await show_approval(APPROVAL, number)
    return {name: count for name, count in tally.counts.items() if count}


@flow(name="returns-poll", flow_run_name="returns poll")
async def returns_poll(shop: str | None = None) -> dict[str, int]:
    """Find returns and refunds whose webhook never came, of orders that have shipped. Returns the new messages."""
    rt = await runtime()
    log, found = get_run_logger(), dict[str, int]()
    if rt.logistics is None:
        return found
    for name in [shop] if shop else list(rt.house.returns):
        try:
            found[name] = await poll_returns(rt, name)
        except CrossdockError as error:
            log.warning("Poll of returns of %s failed and is tried again by schedule: %s", name, error)
    if any(found.values()):
        await drain_lives(rt, (RETURNS,), 0, "returns-poll", "Returns found by the poll")
    return found


@flow(name="refund-approval", flow_run_name="refund approval {approval}")
async def refund_approval(approval: int) -> dict[str, int]:
    """Suspend until somebody with the role has decided about a refund; it goes on once it is approved.

    Args:
        approval: The number of the approval; started by the run that met it.

    Returns how often each step was done; nothing when it is not approved.
    """
    rt = await runtime()
    permission = await answer_to(rt, approval)
    asked = permission.approval
    get_run_logger().info("Approval %s: %s.", approval, permission.words)
    found = [r for r in await rt.store.find_orders(asked.request.correlation_id) if r.scope == asked.request.scope]
    looks = [about_order(record, LOOK, RETURNS, f"approval/{approval}", rt.now()) for record in found]
    await rt.store.put(looks)
    tally = await drain_lives(rt, (RETURNS,), 0, "refund-approval", f"Refund: {permission.words}")
    return {name: count for name, count in tally.counts.items() if count}
