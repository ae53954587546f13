"""Waiting for a person: the run suspends with a form, and goes on only when our own row says so.

A form of the engine's UI proves nothing about who filled it in. So it carries a one-time code, which a person gets with
an API token (`crossdock approvals code`), and the code is spent by the attempt. A run that is resumed without an
approval suspends again, with the reason in its form. Nothing depends on the run: the next sweep takes an approved
change as well.
"""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final, Literal
from uuid import UUID

from prefect import get_client, get_run_logger
from prefect.deployments.flow_runs import arun_deployment
from prefect.events import emit_event
from prefect.exceptions import ObjectNotFound, Pause, PrefectHTTPStatusError
from prefect.flow_runs import asuspend_flow_run
from prefect.input import RunInput
from prefect.input.run_input import Keyset, keyset_from_base_key
from prefect.runtime import deployment, flow_run
from pydantic import Field

from canonical.approvals import Approval, ApprovalRequest, ApprovalState
from canonical.errors import MisconfiguredError, RejectedError
from canonical.ports import Approvals
from flows.runtime import Runtime

WAITS: Final = "crossdock.run.waits"
"""Told after a run was suspended, in the order of its heartbeats (deployments/automations.yaml)."""
LONGEST_WAIT: Final = timedelta(days=7)
"""After this Prefect ends a suspended run; the next run that meets the request shows it again."""


class ApprovalForm(RunInput):
    """What the form asks. Without a code it counts for nothing, so the defaults are harmless."""

    decision: Literal["approve", "reject"] = "reject"
    note: str = Field("", max_length=500, description="For the audit.")
    code: str = Field("", max_length=40, description="One-time code: crossdock approvals code <number>")

    @classmethod
    async def asave(cls, keyset: Keyset, flow_run_id: UUID | None = None) -> None:
        """Save the form; it stays as it is when it is there."""
        try:
            await super().asave(keyset, flow_run_id)
        except PrefectHTTPStatusError as error:
            if error.response.status_code != HTTPStatus.CONFLICT:
                raise


@dataclass(frozen=True)
class Permission:
    """Whether the change may be made now. `words` say who allowed it, or what it waits for."""

    granted: bool
    approval: Approval
    words: str


async def approved(rt: Runtime, request: ApprovalRequest) -> Permission:
    """Ask, and wait for the answer by suspending this run. To be awaited in a flow, not in a task.

    Granted means taken: the approval is for `request.digest` and counts as used by this change. Tell `finished` once
    the change is made. Not granted: the documents stay withheld, with `words`. A run without a deployment cannot be
    suspended, and one request is shown by one run: both get an answer at once. When the run is resumed the flow starts
    from its top, so steps before this one must be cached or harmless.
    """
    desk = desk_of(rt)
    approval = await desk.request_approval(request)
    while approval.state is ApprovalState.PENDING:
        if not await _shown_here(desk, approval):
            break
        await _hand_in(desk, approval, await _form(approval, rt))
        approval = await _read(desk, approval)
    if await desk.use(approval.id, request.digest):
        return Permission(True, await _read(desk, approval), f"approved by {approval.decided_by}")
    return Permission(False, approval, _why_not(approval))


async def answer_to(rt: Runtime, number: int) -> Permission:
    """As `approved`, for the approval of a number, for runs that only show it and go on.

    One that is over is not asked again: what it was for is done. Raises `MisconfiguredError` when there is none.
    """
    asked = await desk_of(rt).approval(number)
    if asked is None:
        raise MisconfiguredError(
            "there is no such approval", code="approval_unknown", document=str(number), way_out="See the list."
        )
    if asked.finished_at is not None:
        return Permission(False, asked, "it is over: what was approved is done")
    return await approved(rt, asked.request)


async def finished(rt: Runtime, permission: Permission) -> None:
    """The change is made: its approval is over."""
    await desk_of(rt).finish(permission.approval.id)


def desk_of(rt: Runtime) -> Approvals:
    """Raises `MisconfiguredError` when the runtime was opened without approvals."""
    if rt.approvals is None:
        raise MisconfiguredError("this runtime keeps no approvals", code="approvals_missing")
    return rt.approvals


async def _read(desk: Approvals, approval: Approval) -> Approval:
    return await desk.approval(approval.id) or approval


async def _shown_here(desk: Approvals, approval: Approval) -> bool:
    """Whether this run is the one that shows the form. It takes over from a run that has ended."""
    if flow_run.id is None or deployment.id is None:
        return False
    this, other = str(flow_run.id), approval.request.run_id
    if other == this:
        return True
    if other is not None and await _still_there(other):
        return False
    await desk.waits_in(approval.id, this)
    return True


async def _still_there(run_id: str) -> bool:
    async with get_client() as client:
        try:
            run = await client.read_flow_run(UUID(run_id))
        except ObjectNotFound:
            return False
    return run.state is None or not run.state.is_final()


async def _form(approval: Approval, rt: Runtime) -> ApprovalForm:
    """Suspend until the form is handed in; each form has its own key, so that a restart reads it and not the last.

    Prefect saves a form once the run is suspended. A worker killed in between would leave a run that nobody can resume,
    so we save it before.
    """
    form_type = ApprovalForm.with_initial_data(description=question(approval))
    await form_type.asave(keyset_from_base_key(f"suspended-{_form_key(approval)}"))
    until = approval.request.expires_at
    wait = LONGEST_WAIT if until is None else min(LONGEST_WAIT, until - rt.now() + timedelta(minutes=1))
    try:
        form: ApprovalForm = await asuspend_flow_run(
            wait_for_input=form_type,
            key=_form_key(approval),
            timeout=max(60, int(wait.total_seconds())),
        )
    except Pause:
        # The server tells of the suspension itself, and may do so before our last heartbeat has come.
        emit_event(WAITS, resource={"prefect.resource.id": f"prefect.flow-run.{flow_run.id}"})
        raise
    return form


def _form_key(approval: Approval) -> str:
    return f"approval-{approval.id}-{approval.forms}"


async def _hand_in(desk: Approvals, approval: Approval, form: ApprovalForm) -> None:
    """Our row decides. Where it was decided meanwhile, by token, the form counts for nothing."""
    log = get_run_logger()
    if (await _read(desk, approval)).state is ApprovalState.PENDING:
        try:
            yes = form.decision == "approve"
            await desk.decide_by_code(approval.id, form.code, approve=yes, note=form.note.strip() or None)
        except RejectedError as error:
            log.warning("Approval %s stays open: %s", approval.id, error)
    await _forget(approval)


async def _forget(approval: Approval) -> None:
    """Take the spent code out of the run's inputs; where that fails nothing is lost, it opens nothing."""
    async with get_client() as client:
        try:
            await client.delete_flow_run_input(UUID(str(flow_run.id)), f"suspended-{_form_key(approval)}-response")
        except (ObjectNotFound, PrefectHTTPStatusError):
            get_run_logger().debug("The form of approval %s is gone already.", approval.id)


def question(approval: Approval) -> str:
    """What the form says, as Markdown.

    Names the request, what it waits for, why the last form counted for nothing, and how to get a code.
    """
    asked = approval.request
    lines = [f"**{asked.subject}**: {asked.words}", ""]
    lines += [f"- {name}: {value}" for name, value in asked.detail.items()]
    if approval.refusal:
        lines += ["", f"The last form counted for nothing: {approval.refusal}."]
    lines += [
        "",
        f"Approval {approval.id}, asked by {asked.requested_by}; somebody else with the role `{asked.role}` decides.",
        f"Get a one-time code with `crossdock approvals code {approval.id}`, or decide at once with "
        f"`crossdock approvals approve {approval.id}`.",
    ]
    return "\n".join(lines)


def _why_not(approval: Approval) -> str:
    number, role = approval.id, approval.request.role
    match approval.state:
        case ApprovalState.REJECTED:
            note = f": {approval.note}" if approval.note else ""
            return f"{approval.decided_by} rejected approval {number}{note}"
        case ApprovalState.EXPIRED:
            return f"nobody with the role {role} approved it in time (approval {number})"
        case ApprovalState.PENDING:
            return f"waits for approval {number} by somebody with the role {role}"
        case _:
            return f"approval {number} is for other content, or was used"


async def show_approval(name: str, approval: int) -> None:
    """Start the run of the deployment `name` that shows an approval in the UI, once.

    Without it, `crossdock approvals` decides as well.
    """
    if deployment.id is None:
        return
    try:
        await arun_deployment(
            name,
            parameters={"approval": approval},
            timeout=0,
            as_subflow=False,
            idempotency_key=f"{name.partition('/')[0]}-{approval}",
        )
    except Exception as error:  # noqa: BLE001 - a form that is not shown stops nothing
        get_run_logger().warning("No run shows approval %s (%s).", approval, type(error).__name__)
