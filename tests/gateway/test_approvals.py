"""Approvals and the trace page, for the owners of API tokens: over a real store."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from canonical.approvals import Approval, ApprovalRequest, ApprovalState
from canonical.landscape import Landscape
from canonical.records import AuditEntry, Batch
from connectors import registry
from connectors.statestore.settings import StoreSettings
from connectors.statestore.store import SqlStateStore, open_store
from deployments.gateway.app import Sources, create_app, people_routes
from deployments.gateway.doorkeeper import MOST_FAILURES
from deployments.gateway.journal import Journal
from deployments.gateway.metrics import Metrics
from deployments.gateway.settings import GatewaySettings
from deployments.gateway.waker import Pace, Waker
from deployments.resuming import resume
from flows.runtime import utc_now
from tests.gateway.in_hand import CountingBell

REQUEST = ApprovalRequest(
    key="north:mass-change:DC",
    scope="north",
    kind="mass_change",
    role="stock",
    subject="DC",
    words="412 of 500 SKUs would go to zero",
    digest="d1",
    requested_by="cli:dan",
    correlation_id="corr-1",
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStateStore]:
    opened = await open_store(StoreSettings(url=SecretStr(f"sqlite:///{tmp_path / 'store.sqlite'}")))
    for name, roles in {"ann": ["stock"], "cid": ["finance"], "dan": ["stock"]}.items():
        await opened.add_principal(name, f"token-of-{name}", roles)
    yield opened
    await opened.aclose()


@pytest.fixture
async def client(store: SqlStateStore, settings: GatewaySettings, landscape: Landscape) -> AsyncIterator[Any]:
    metrics, journal = Metrics(), Journal()
    waker = Waker(store, CountingBell(), Pace(), metrics, journal)
    people = people_routes(settings, store, registry.approvals(store))
    app = create_app(settings, landscape, store, Sources({}), waker, metrics, journal, people)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as speaking:
        yield speaking
    await waker.aclose()


@pytest.fixture
async def asked(store: SqlStateStore) -> Approval:
    return await registry.approvals(store).request_approval(REQUEST)


def bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer token-of-{name}"}


async def test_whoever_has_a_token_sees_what_waits(client: httpx.AsyncClient, asked: Approval) -> None:
    listed = await client.get("/approvals?state=pending", headers=bearer("cid"))
    assert [one["id"] for one in listed.json()["approvals"]] == [asked.id]
    assert (await client.get("/approvals?state=used", headers=bearer("cid"))).json() == {"approvals": []}
    one = (await client.get(f"/approvals/{asked.id}", headers=bearer("cid"))).json()
    assert (one["state"], one["request"]["words"]) == ("pending", "412 of 500 SKUs would go to zero")
    assert (await client.get("/approvals?state=open", headers=bearer("cid"))).status_code == 422


async def test_another_person_with_the_role_decides_once(
    client: httpx.AsyncClient, store: SqlStateStore, asked: Approval
) -> None:
    path = f"/approvals/{asked.id}/decide"
    answer = await client.post(path, json={"decision": "approve", "note": "counted"}, headers=bearer("ann"))
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["decided_by"], answer.json()["run_resumed"]) == (
        "approved",
        "ann",
        False,
    )
    late = await client.post(path, json={"decision": "reject"}, headers=bearer("ann"))
    assert (late.status_code, late.json()["error"]) == (409, "approval_decided")


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({}, 401, "token_unknown"),
        ({"authorization": "Bearer guess"}, 401, "token_unknown"),
        ({"authorization": "Basic token-of-ann"}, 401, "token_unknown"),
        (bearer("cid"), 403, "role_missing"),
        (bearer("dan"), 403, "own_request"),
    ],
    ids=["no token", "forged", "another scheme", "without the role", "the requester"],
)
async def test_who_may_not_decide_is_told_why(
    client: httpx.AsyncClient, store: SqlStateStore, asked: Approval, headers: dict[str, str], status: int, error: str
) -> None:
    for path, body in (("decide", {"decision": "approve"}), ("code", None)):
        answer = await client.post(f"/approvals/{asked.id}/{path}", json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert answer.json()["words"]
    still = await registry.approvals(store).approval(asked.id)
    assert still is not None
    assert still.state is ApprovalState.PENDING


async def test_a_code_made_here_decides_the_form(
    client: httpx.AsyncClient, store: SqlStateStore, asked: Approval
) -> None:
    answer = await client.post(f"/approvals/{asked.id}/code", headers=bearer("ann"))
    assert answer.headers["cache-control"] == "no-store"
    decided = await registry.approvals(store).decide_by_code(asked.id, answer.json()["code"], approve=True)
    assert decided.decided_by == "ann"


async def test_unknown_approvals_and_unclear_decisions(client: httpx.AsyncClient, asked: Approval) -> None:
    assert (await client.get("/approvals/4711", headers=bearer("ann"))).status_code == 404
    decide = {"decision": "approve"}
    assert (await client.post("/approvals/4711/decide", json=decide, headers=bearer("ann"))).status_code == 404
    for body in ({}, {"decision": "perhaps"}, {"decision": "approve", "as": "cid"}, {"decision": "reject", "note": 7}):
        answer = await client.post(f"/approvals/{asked.id}/decide", json=body, headers=bearer("ann"))
        assert (answer.status_code, answer.json()["error"]) == (422, "decision_unclear")
    long = {"decision": "reject", "note": "x" * 9000}
    assert (await client.post(f"/approvals/{asked.id}/decide", json=long, headers=bearer("ann"))).status_code == 422


async def test_guessing_tokens_is_slow_and_does_not_fill_the_audit(
    client: httpx.AsyncClient, store: SqlStateStore, asked: Approval
) -> None:
    path = f"/approvals/{asked.id}/decide"
    for number in range(MOST_FAILURES):
        guess = {"authorization": f"Bearer guess-{number}"}
        assert (await client.post(path, json={"decision": "approve"}, headers=guess)).status_code == 401
    answer = await client.post(path, json={"decision": "approve"}, headers={"authorization": "Bearer one-more"})
    assert answer.status_code == 429
    assert len(await store.audit("north:approval:north%3Amass-change%3ADC")) == 1 + MOST_FAILURES


async def test_a_decision_wakes_the_run_that_waits_and_survives_a_prefect_that_is_away() -> None:
    heard: list[tuple[str, Any]] = []

    def hear(request: httpx.Request) -> httpx.Response:
        heard.append((request.url.path, json.loads(request.content)))
        return httpx.Response(503) if len(heard) == 1 else httpx.Response(201, json={"status": "ACCEPT"})

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    assert await resume("run-1", "http://prefect/api", "ann:pw", httpx.MockTransport(hear))
    assert heard == [("/api/flow_runs/run-1/resume", {"run_input": {}})] * 2
    assert not await resume("run-1", "http://prefect/api", None, httpx.MockTransport(away))
    assert not await resume(None, "http://prefect/api", None)
    assert not await resume("run-1", None, None)


async def test_the_trace_page_asks_for_a_token_once_and_keeps_it_from_scripts(
    client: httpx.AsyncClient, store: SqlStateStore, asked: Approval
) -> None:
    nobody = await client.get("/trace/corr-1")
    assert nobody.status_code == 401
    assert "approval.requested" not in nobody.text
    wrong = await client.post("/trace/corr-1", data={"token": "guess"})
    assert wrong.status_code == 401
    entered = await client.post("/trace/corr-1", data={"token": "token-of-cid"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/trace/corr-1")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Path=/trace" in cookie
    page = await client.get("/trace/corr-1")
    assert page.status_code == 200
    assert "approval.requested" in page.text
    assert (await client.get("/approvals")).status_code == 401, "the cookie can read a trace, and nothing else"


async def test_the_trace_page_shows_no_address_and_runs_no_script(
    client: httpx.AsyncClient, store: SqlStateStore
) -> None:
    entry = AuditEntry(
        at=utc_now(),
        actor="cli:ann",
        action="order.released",
        scope="north",
        aggregate_key="north:order:1",
        correlation_id="corr-2",
        detail={"because": "<script>alert(1)</script> jane@example.com called from +1 (555) 010-9999"},
    )
    await store.commit(Batch(audit=(entry,)))
    page = await client.get("/trace/corr-2", headers=bearer("cid"))
    assert page.status_code == 200
    assert "order.released" in page.text
    for hidden in ("<script", "jane@example.com", "010-9999"):
        assert hidden not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await client.get("/trace/%231001", headers=bearer("cid"))).status_code == 404
