"""Approvals over HTTP, for whoever has an API token.

    GET  /approvals[?state=pending][&scope=north]
    GET  /approvals/{id}
    POST /approvals/{id}/decide   {"decision": "approve" | "reject", "note": "..."}
    POST /approvals/{id}/code     a one-time code for the form of the engine's UI

`Authorization: Bearer <token>`. Refusals say code, words and way out: 401 nobody we know, 403 not this person, 404 no
such approval, 409 too late.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from canonical.approvals import CODE_VALID_FOR, Approval, ApprovalState
from canonical.errors import CrossdockError, RejectedError
from canonical.ports.approvals import Approvals
from deployments.gateway.doorkeeper import Doorkeeper

STATUS_OF_CODE: Final = {
    "token_unknown": 401,
    "role_missing": 403,
    "own_request": 403,
    "approval_unknown": 404,
    "approval_decided": 409,
    "approval_expired": 409,
    "too_many_attempts": 429,
}
MOST_BYTES: Final = 4096
"""A decision is short."""
NO_STORE: Final = {"cache-control": "no-store"}


class Decision(BaseModel):
    """What a decision says."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    decision: Literal["approve", "reject"]
    note: str | None = Field(None, max_length=500)


class ApprovalPages:
    """The four routes. `wake` is told of the run that waited for a decision; whether it goes on."""

    def __init__(self, desk: Approvals, door: Doorkeeper, wake: Callable[[str | None], Awaitable[bool]]) -> None:
        self._desk, self._door, self._wake = desk, door, wake

    def routes(self) -> list[Route]:
        return [
            Route("/approvals", self._answering(self.list_all)),
            Route("/approvals/{id:int}", self._answering(self.show)),
            Route("/approvals/{id:int}/decide", self._answering(self.decide), methods=["POST"]),
            Route("/approvals/{id:int}/code", self._answering(self.code), methods=["POST"]),
        ]

    def _answering(self, work: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(await work(request), headers=NO_STORE)
            except CrossdockError as error:
                said = {"error": error.code, "words": error.words, "field": error.field, "way_out": error.way_out}
                body = {name: text for name, text in said.items() if text}
                status = STATUS_OF_CODE.get(error.code, 422) if isinstance(error, RejectedError) else 503
                headers = NO_STORE | ({"www-authenticate": "Bearer"} if status == 401 else {})
                return JSONResponse(body, status_code=status, headers=headers)

        return answer

    async def list_all(self, request: Request) -> Any:
        """The newest first, at most 500."""
        await self._door.known(request)
        state, scope = request.query_params.get("state"), request.query_params.get("scope")
        if state is not None and state not in list(ApprovalState):
            raise RejectedError(f"the states are {', '.join(ApprovalState)}", code="state_unknown", field="state")
        found = await self._desk.approvals(scope=scope, state=ApprovalState(state) if state else None)
        return {"approvals": [_shown(approval) for approval in found]}

    async def show(self, request: Request) -> Any:
        """One."""
        await self._door.known(request)
        found = await self._desk.approval(request.path_params["id"])
        if found is None:
            raise RejectedError("there is no such approval", code="approval_unknown")
        return _shown(found)

    async def decide(self, request: Request) -> Any:
        """Decide; the attempt is audited whatever comes of it."""
        token, wanted = self._door.token(request), await _decision(request)
        with self._door.counting(request):
            decided = await self._desk.decide(
                request.path_params["id"], token, approve=wanted.decision == "approve", note=wanted.note
            )
        return _shown(decided) | {"run_resumed": await self._wake(decided.request.run_id)}

    async def code(self, request: Request) -> Any:
        """A code for one attempt."""
        with self._door.counting(request):
            made = await self._desk.one_time_code(request.path_params["id"], self._door.token(request))
        return {"code": made, "valid_seconds": int(CODE_VALID_FOR.total_seconds())}


def _shown(approval: Approval) -> dict[str, Any]:
    shown: dict[str, Any] = approval.model_dump(mode="json", exclude={"forms", "refusal"})
    return shown


async def _decision(request: Request) -> Decision:
    """The body. Raises `RejectedError` without repeating it."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise RejectedError("the body is too large", code="body_too_large")
    try:
        return Decision.model_validate_json(body)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "body"
        raise RejectedError(
            'give {"decision": "approve" or "reject", "note": text or null}', code="decision_unclear", field=place
        ) from error
