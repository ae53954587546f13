"""Approvals: by whom, for what, once; every attempt leaves a line in the audit."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from canonical.approvals import CODE_VALID_FOR, STANDS_FOR, Approval, ApprovalRequest, ApprovalState
from canonical.errors import RejectedError
from canonical.ports import Approvals
from connectors import registry
from connectors.statestore.approvals import SqlApprovals
from connectors.statestore.settings import parsed_url
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import NOW

KEY = "north:approval:north%3Amass-change%3ADC"


class Clock:
    """The time of the tests."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def desk(store: SqlStateStore, clock: Clock) -> Approvals:
    """The approvals, and four people: two may decide on stock, one may not, one asked himself."""
    await store.add_principal("ann", "token-of-ann", ["stock"])
    await store.add_principal("bea", "token-of-bea", ["stock", "finance"])
    await store.add_principal("cid", "token-of-cid", ["finance"])
    await store.add_principal("dan", "token-of-dan", ["stock"])
    return SqlApprovals(store.database, clock)


def request(**changes: Any) -> ApprovalRequest:
    """To publish a mass change, asked for by Dan."""
    fields: dict[str, Any] = {
        "key": "north:mass-change:DC",
        "scope": "north",
        "kind": "mass_change",
        "role": "stock",
        "subject": "DC",
        "words": "412 of 500 SKUs would go to zero",
        "detail": {"share": "0.824"},
        "digest": "d1",
        "requested_by": "cli:dan",
        "correlation_id": "corr-1",
        "expires_at": NOW + timedelta(hours=8),
    }
    return ApprovalRequest(**(fields | changes))


async def refused(attempt: Callable[[], Any]) -> str:
    """The code with which the attempt is refused."""
    with pytest.raises(RejectedError) as caught:
        await attempt()
    return caught.value.code


async def actions(store: SqlStateStore) -> list[tuple[str, str]]:
    """(action, actor) of the request's audit lines."""
    return [(row.entry.action, row.entry.actor) for row in await store.audit(KEY)]


async def test_the_registry_gives_the_approvals_of_a_store(store: SqlStateStore) -> None:
    asked = await registry.approvals(store).request_approval(request(expires_at=None))
    assert asked.state is ApprovalState.PENDING


async def test_asking_again_finds_the_same_request_however_many_ask_at_once(desk: Approvals) -> None:
    asked = await asyncio.gather(*(desk.request_approval(request()) for _ in range(4)))
    assert len({one.id for one in asked}) == 1
    assert asked[0].request == request()
    assert await desk.approvals() == [asked[0]]


async def test_another_person_with_the_role_decides_with_a_token(desk: Approvals, store: SqlStateStore) -> None:
    asked = await desk.request_approval(request())
    decided = await desk.decide(asked.id, "token-of-ann", approve=True, note="stocktaking")
    assert (decided.state, decided.decided_by, decided.note) == (ApprovalState.APPROVED, "ann", "stocktaking")
    assert await desk.approval(asked.id) == decided
    assert await actions(store) == [("approval.requested", "cli:dan"), ("approval.approved", "ann")]


@pytest.mark.parametrize(
    ("token", "code", "actor"),
    [
        ("token-of-nobody", "token_unknown", "unknown"),
        ("ann", "token_unknown", "unknown"),
        ("token-of-cid", "role_missing", "cid"),
        ("token-of-dan", "own_request", "dan"),
    ],
    ids=["forged token", "a name instead of a token", "without the role", "the requester"],
)
async def test_who_may_not_decide_is_refused_and_written_down(
    desk: Approvals, store: SqlStateStore, token: str, code: str, actor: str
) -> None:
    asked = await desk.request_approval(request())
    assert await refused(lambda: desk.decide(asked.id, token, approve=True)) == code
    assert await refused(lambda: desk.one_time_code(asked.id, token)) == code
    assert await actions(store) == [("approval.requested", "cli:dan"), *[("approval.refused", actor)] * 2]
    assert (await desk.approvals())[0].state is ApprovalState.PENDING
    assert (await store.verify_audit())[1] is None


async def test_a_decision_is_final_and_a_late_one_is_refused(desk: Approvals, clock: Clock) -> None:
    asked = await desk.request_approval(request())
    await desk.decide(asked.id, "token-of-ann", approve=False, note="not today")
    assert await refused(lambda: desk.decide(asked.id, "token-of-bea", approve=True)) == "approval_decided"
    assert not await desk.use(asked.id, "d1")
    assert (await desk.request_approval(request())).state is ApprovalState.REJECTED
    late = await desk.request_approval(request(key="other"))
    clock.now += timedelta(hours=9)
    assert await refused(lambda: desk.decide(late.id, "token-of-ann", approve=True)) == "approval_expired"
    assert [one.id for one in await desk.approvals(state=ApprovalState.EXPIRED)] == [late.id]
    assert await refused(lambda: desk.decide(4711, "token-of-ann", approve=True)) == "approval_unknown"


async def test_other_content_is_another_request_and_ends_the_old_approval(
    desk: Approvals, store: SqlStateStore
) -> None:
    asked = await desk.request_approval(request())
    await desk.decide(asked.id, "token-of-ann", approve=True)
    other = await desk.request_approval(request(digest="d2"))
    assert (other.id != asked.id, other.state) == (True, ApprovalState.PENDING)
    assert not await desk.use(asked.id, "d1")
    assert not await desk.use(other.id, "d2")
    back = await desk.request_approval(request())
    assert back.state is ApprovalState.PENDING, "an approval does not come back to life"
    assert [a for a, _ in await actions(store)].count("approval.expired") == 2


async def test_an_approval_is_for_one_content_and_a_retry_of_the_change_takes_it_again(
    desk: Approvals, clock: Clock, store: SqlStateStore
) -> None:
    asked = await desk.request_approval(request())
    assert not await desk.use(asked.id, "d1")
    await desk.decide(asked.id, "token-of-ann", approve=True)
    assert not await desk.use(asked.id, "d2")
    assert await desk.use(asked.id, "d1")
    assert (await desk.request_approval(request())).state is ApprovalState.USED
    assert await desk.use(asked.id, "d1"), "the change crashed and is tried again"
    await desk.finish(asked.id)
    await desk.finish(asked.id)
    assert not await desk.use(asked.id, "d1")
    again = await desk.request_approval(request(expires_at=None))
    assert (again.id != asked.id, again.state) == (True, ApprovalState.PENDING)
    took = [action for action, _ in await actions(store)]
    assert took[2:5] == ["approval.used", "approval.used_again", "approval.finished"]


async def test_a_decision_stands_for_a_day(desk: Approvals, clock: Clock) -> None:
    unused, used, no = [await desk.request_approval(request(key=key, expires_at=None)) for key in ("a", "b", "c")]
    for one, approve in ((unused, True), (used, True), (no, False)):
        await desk.decide(one.id, "token-of-ann", approve=approve)
    assert await desk.use(used.id, "d1")
    clock.now += STANDS_FOR
    assert not await desk.use(unused.id, "d1")
    assert not await desk.use(used.id, "d1")
    for one in (unused, used, no):
        again = await desk.request_approval(one.request)
        assert (again.id != one.id, again.state) == (True, ApprovalState.PENDING)


async def test_a_one_time_code_decides_as_the_person_it_was_made_for(desk: Approvals, store: SqlStateStore) -> None:
    asked = await desk.request_approval(request())
    code = await desk.one_time_code(asked.id, "token-of-bea")
    decided = await desk.decide_by_code(asked.id, f" {code.lower()} ", approve=True, note="ok")
    assert (decided.state, decided.decided_by) == (ApprovalState.APPROVED, "bea")
    assert ("approval.code_made", "bea") in await actions(store)


async def test_a_code_is_spent_by_the_attempt_and_counts_for_one_request_only(desk: Approvals) -> None:
    asked, other = await desk.request_approval(request()), await desk.request_approval(request(key="other"))
    code = await desk.one_time_code(asked.id, "token-of-bea")
    assert await refused(lambda: desk.decide_by_code(other.id, code, approve=True)) == "code_invalid"
    assert await refused(lambda: desk.decide_by_code(asked.id, code, approve=True)) == "code_invalid"
    held = await desk.approval(asked.id)
    assert held is not None
    assert (held.state, held.forms) == (ApprovalState.PENDING, 1)
    assert "spent" in (held.refusal or "")


@pytest.mark.parametrize("code", ["", "  ", "AAAA-BBBB-CCCC", "ann", "token-of-ann"])
async def test_a_form_without_a_true_code_counts_for_nothing(desk: Approvals, store: SqlStateStore, code: str) -> None:
    asked = await desk.request_approval(request())
    assert await refused(lambda: desk.decide_by_code(asked.id, code, approve=True)) == "code_invalid"
    assert await actions(store) == [("approval.requested", "cli:dan"), ("approval.refused", "unknown")]


async def test_a_code_is_of_no_use_after_minutes_or_when_its_owner_lost_the_role(
    desk: Approvals, store: SqlStateStore, clock: Clock
) -> None:
    asked = await desk.request_approval(request())
    old = await desk.one_time_code(asked.id, "token-of-bea")
    clock.now += CODE_VALID_FOR
    assert await refused(lambda: desk.decide_by_code(asked.id, old, approve=True)) == "code_invalid"
    fresh = await desk.one_time_code(asked.id, "token-of-ann")
    await store.add_principal("ann", "another-token", ["viewer"])
    assert await refused(lambda: desk.decide_by_code(asked.id, fresh, approve=True)) == "role_missing"


async def test_neither_token_nor_code_is_kept(desk: Approvals, store: SqlStateStore, store_url: str) -> None:
    asked = await desk.request_approval(request())
    code = await desk.one_time_code(asked.id, "token-of-ann")
    await refused(lambda: desk.decide(asked.id, "token-of-nobody", approve=True))
    engine = create_engine(parsed_url(store_url))
    with engine.connect() as connection:
        kept = "".join(
            str(connection.execute(text(f"SELECT * FROM {table}")).all())
            for table in ("approval", "approval_code", "audit", "principal")
        )
    engine.dispose()
    assert code not in kept
    assert code.replace("-", "") not in kept
    assert "token-of" not in kept


async def test_of_many_who_decide_at_once_one_does(desk: Approvals, store: SqlStateStore) -> None:
    asked = await desk.request_approval(request())
    codes = [await desk.one_time_code(asked.id, f"token-of-{name}") for name in ("ann", "bea")]
    attempts = [desk.decide_by_code(asked.id, code, approve=True) for code in codes]
    attempts += [desk.decide(asked.id, "token-of-ann", approve=False) for _ in range(2)]
    ended = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(one, Approval) for one in ended) == 1
    assert {one.code for one in ended if isinstance(one, RejectedError)} == {"approval_decided"}
    assert (await store.verify_audit())[1] is None


async def test_the_run_that_shows_the_form_is_remembered_and_the_trace_shows_the_steps(
    desk: Approvals, store: SqlStateStore
) -> None:
    asked = await desk.request_approval(request())
    await desk.waits_in(asked.id, "run-1")
    found = await desk.approval(asked.id)
    assert found is not None
    assert found.request.run_id == "run-1"
    assert [line.what for line in await store.trace("corr-1")] == ["approval.requested"]
