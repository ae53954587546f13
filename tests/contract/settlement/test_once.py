"""Every ERP: each kind of document once under its key, whatever happens to the reply, and never with other content."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from canonical.booking import SalesOrderDocument
from canonical.errors import ConflictError, HeldError, RetryableError
from canonical.outcomes import Failed, Settled
from canonical.ports import Settlement
from tests.contract.erp.documents import document
from tests.contract.erp.faults import FaultyTransport
from tests.contract.settlement.counterpart import Counterpart
from tests.contract.settlement.postings import (
    KINDS,
    error_of,
    other_content,
    posted,
    poster,
    prepared,
    shipment,
)

pytestmark = pytest.mark.counterpart


@pytest.mark.parametrize("kind", KINDS)
async def test_posted_again_it_is_the_same_document_and_other_content_is_a_conflict(
    order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart, kind: str
) -> None:
    posting = await prepared(kind, settle, order)
    (first,) = await posted(poster(settle, posting)([posting]))
    (again,) = await posted(poster(settle, posting)([posting]))
    assert (first.created, again.created, again.external_id) == (True, False, first.external_id)
    found = await settle.find_documents([posting.key, "north:no-such:document"])
    assert {key: entry.external_id for key, entry in found.items()} == {posting.key: first.external_id}
    other = other_content(posting)
    assert isinstance(await error_of(poster(settle, other)([other])), ConflictError)
    assert counterpart.standing(posting.key) == 1


@pytest.mark.parametrize(
    ("kind", "which"),
    [("shipment", 1), ("shipment", 4), ("invoice", 1), ("payment", 2), ("authorisation", 1), ("credit", 2)],
)
async def test_a_reply_lost_after_a_write_leaves_one_whole_document(
    order: SalesOrderDocument, settle: Settlement, counterpart: Counterpart, kind: str, which: int
) -> None:
    posting = await prepared(kind, settle, order)
    network = FaultyTransport()
    unlucky = counterpart.settle(transport=network)
    await unlucky.check()
    count = itertools.count(1)
    network.lose_reply(lambda request: counterpart.writes(request) and next(count) == which)
    (outcome,) = await poster(unlucky, posting)([posting])
    assert isinstance(outcome, Settled) or _may_be_applied(outcome)
    await unlucky.aclose()
    (whole,) = await posted(poster(settle, posting)([posting]))
    assert counterpart.standing(posting.key) == 1
    assert (await settle.find_documents([posting.key]))[posting.key].external_id == whole.external_id


async def test_two_workers_at_once_post_documents_of_different_sales(
    order: SalesOrderDocument, second: SalesOrderDocument, settle: Settlement, counterpart: Counterpart
) -> None:
    postings = [shipment(order), shipment(second)]
    other = counterpart.settle()
    both = await asyncio.gather(settle.post_shipments(postings[:1]), other.post_shipments(postings[1:]))
    await other.aclose()
    assert all(isinstance(outcome, Settled) for outcomes in both for outcome in outcomes), both
    assert [counterpart.standing(posting.key) for posting in postings] == [1, 1]


@pytest.mark.parametrize("kind", ["shipment", "invoice", "authorisation"])
async def test_a_document_whose_sale_is_not_booked_is_held_and_the_others_of_the_batch_are_posted(
    order: SalesOrderDocument, settle: Settlement, kind: str
) -> None:
    good = await prepared(kind, settle, order)
    early = await prepared(kind, settle, document())
    late, done = await poster(settle, good)([early, good])
    assert isinstance(late, Failed)
    assert isinstance(late.error, HeldError)
    assert late.error.code == "sale_missing"
    assert isinstance(done, Settled), done


def _may_be_applied(outcome: object) -> bool:
    return isinstance(outcome, Failed) and isinstance(outcome.error, RetryableError) and outcome.error.maybe_applied
