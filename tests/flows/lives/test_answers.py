"""A run that only shows an approval, started once more by hand."""

import pytest

from canonical.approvals import ApprovalRequest, ApprovalState
from canonical.errors import MisconfiguredError
from flows.steps.approvals import answer_to
from tests.flows.lives.conftest import LifeHouse

REQUEST = ApprovalRequest(
    key="north:refund.approve:5123:r1:1",
    scope="north",
    kind="refund_limit",
    role="refunds",
    subject="#1001 R1",
    words="a large refund",
    digest="d1",
    requested_by="crossdock",
    correlation_id="c1",
)


async def test_what_was_approved_and_is_done_is_not_asked_for_again(house: LifeHouse) -> None:
    approval = await house.approvals.request_approval(REQUEST)
    await house.store.add_principal("mara", "token-of-mara-000000", ["refunds"])
    await house.approvals.decide(approval.id, "token-of-mara-000000", approve=True)
    assert await house.approvals.use(approval.id, REQUEST.digest)
    await house.approvals.finish(approval.id)
    answer = await answer_to(house.rt, approval.id)
    assert (answer.granted, answer.approval.id) == (False, approval.id)
    assert "over" in answer.words
    assert [one.state for one in await house.approvals.approvals(scope="north")] == [ApprovalState.USED]


async def test_what_waits_is_not_granted_and_stays_one_request(house: LifeHouse) -> None:
    approval = await house.approvals.request_approval(REQUEST)
    assert not (await answer_to(house.rt, approval.id)).granted
    assert [one.state for one in await house.approvals.approvals(scope="north")] == [ApprovalState.PENDING]


async def test_an_approval_that_does_not_exist_is_named(house: LifeHouse) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        await answer_to(house.rt, 77)
    assert (caught.value.code, caught.value.document) == ("approval_unknown", "77")
