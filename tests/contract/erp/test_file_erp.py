"""An ERP of the batch kind: the tests of the ERP contract that ask nothing of a network, and its own: late, in part,
twice, killed anywhere; none doubled, none lost."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from canonical.booking import BookedDocument, CustomerRef, DocumentStatus, SalesOrderDocument
from canonical.errors import ConflictError
from canonical.outcomes import AwaitingAck, Failed, Outcome, Settled
from canonical.ports import SalesOrders
from connectors.file_drop import FileDrop
from connectors.file_erp.erp import FileErp
from connectors.file_erp.settings import FileErpSettings
from deployments.sandbox.batch_erp.nightly import BatchErp
from tests.contract.erp import test_orders, test_trouble
from tests.contract.erp.counterpart import Standing
from tests.contract.erp.documents import document, line

SHARED = (
    test_orders.test_a_batch_is_booked_with_one_result_an_order_in_order,
    test_orders.test_a_gift_card_sold_and_another_redeemed_leave_the_total_as_it_is,
    test_orders.test_a_key_twice_in_one_batch_is_booked_once,
    test_orders.test_a_line_given_away_is_booked_for_nothing,
    test_orders.test_a_price_that_does_not_divide_by_the_quantity_is_booked_to_the_cent,
    test_orders.test_a_total_further_off_than_rounding_is_refused_by_name_and_nothing_is_booked,
    test_orders.test_an_order_on_account_is_booked_with_its_terms_and_purchase_order,
    test_orders.test_an_order_without_addresses_is_booked,
    test_orders.test_booking_again_settles_with_the_document_that_stands,
    test_orders.test_cents_that_the_erps_own_rounding_forces_go_to_one_rounding_line,
    test_orders.test_discount_shipping_tip_duty_and_cash_rounding_come_to_the_orders_total,
    test_orders.test_documents_are_read_back_by_key_and_a_key_never_booked_is_missing,
    test_orders.test_more_orders_than_one_call_may_carry_are_all_booked,
    test_orders.test_one_bad_order_in_a_batch_fails_alone_and_can_be_repaired,
    test_orders.test_the_same_key_with_other_content_is_a_conflict_and_nothing_is_written,
    test_orders.test_two_companies_book_the_same_order_name_apart_each_in_its_currency,
    test_trouble.test_an_order_is_cancelled_once_however_often_it_is_asked,
    test_trouble.test_booking_a_cancelled_order_again_settles_with_the_cancelled_document,
    test_trouble.test_cancelling_what_was_never_booked_is_refused,
    test_trouble.test_errors_carry_neither_the_customers_name_nor_their_e_mail,
    test_trouble.test_the_check_passes_when_all_is_well,
)
globals().update({test.__name__: test for test in SHARED})  # collected here, with the fixtures below


class Answered(FileErp):
    """The connector, waiting for the night: what awaits its answer is asked again after a run of the ERP."""

    def __init__(self, settings: FileErpSettings, house: BatchErp) -> None:
        super().__init__("erp", settings)
        self._house = house

    async def create_sales_orders(
        self, documents: Sequence[SalesOrderDocument], customers: Mapping[str, CustomerRef]
    ) -> list[Outcome[BookedDocument]]:
        outcomes = await super().create_sales_orders(documents, customers)
        if any(isinstance(outcome, AwaitingAck) for outcome in outcomes):
            self._house.answer(self._house.run())
            return await super().create_sales_orders(documents, customers)
        return outcomes

    async def cancel(self, key: str, reason: str) -> Outcome[BookedDocument]:
        outcome = await super().cancel(key, reason)
        if isinstance(outcome, AwaitingAck):
            self._house.answer(self._house.run())
            return await super().cancel(key, reason)
        return outcome


class FileCounterpart:
    """A batch ERP, a folder a company."""

    name = "file_erp"

    def __init__(self, root: Path) -> None:
        self._root = root
        self.houses = {company: BatchErp(root / company) for company in ("north", "south")}

    def connect(self, company: str = "north", **changes: Any) -> SalesOrders:
        settings = FileErpSettings(**{"url": str(self._root / company), **changes})
        return Answered(settings, self.houses[company])

    def plain(self) -> FileErp:
        return FileErp("erp", FileErpSettings(url=str(self._root / "north"), ack_hours=8))

    def standing(self, key: str) -> list[Standing]:
        booked = self.houses[key.split(":")[0]].books.get(key)
        return [Standing(booked.total, booked.lines, None)] if booked else []


@pytest.fixture
def counterpart(tmp_path: Path) -> FileCounterpart:
    return FileCounterpart(tmp_path)


async def test_an_order_waits_for_its_answer_with_a_deadline_and_answers_may_come_in_part_and_twice(
    counterpart: FileCounterpart,
) -> None:
    erp, house = counterpart.plain(), counterpart.houses["north"]
    orders = [document() for _ in range(3)]
    outcomes = await erp.create_sales_orders(orders, {})
    assert all(isinstance(outcome, AwaitingAck) and outcome.deadline > datetime.now(UTC) for outcome in outcomes)
    answers = house.run()
    house.answer(answers[1:2])
    house.answer(answers[1:2])
    kinds = [type(outcome) for outcome in await erp.create_sales_orders(orders, {})]
    assert kinds == [AwaitingAck, Settled, AwaitingAck]
    assert set(await erp.find_by_key([order.key for order in orders])) == {orders[1].key}
    house.answer([*answers, {"key": "north:sales-order.create:not-ours", "status": "booked", "id": "1"}])
    assert all(isinstance(outcome, Settled) for outcome in await erp.create_sales_orders(orders, {}))
    assert {booked.times for booked in house.books.values()} == {1}


async def test_other_content_while_the_first_waits_is_a_conflict(counterpart: FileCounterpart) -> None:
    erp, order = counterpart.plain(), document()
    await erp.create_sales_orders([order], {})
    (outcome,) = await erp.create_sales_orders([document(line(net="20.00"), key=order.key, party=order.party)], {})
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ConflictError)


async def test_an_answer_that_cannot_be_read_is_set_aside_and_stops_no_other(
    counterpart: FileCounterpart, tmp_path: Path
) -> None:
    erp, house, orders = counterpart.plain(), counterpart.houses["north"], [document() for _ in range(2)]
    await erp.create_sales_orders(orders, {})
    good, bad = house.run()
    house.answer([bad | {"total": "much"}, good])
    kinds = [type(outcome) for outcome in await erp.create_sales_orders(orders, {})]
    assert kinds == [Settled, AwaitingAck]
    assert len(list((tmp_path / "north" / "crossdock" / "set-aside").iterdir())) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_dies_and_however_answers_come_none_is_doubled_and_none_lost(
    counterpart: FileCounterpart, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance, house = random.Random(seed), counterpart.houses["north"]
    orders = [document() for _ in range(40)]
    faults = {"left": 30}
    for verb in ("write", "move", "read"):
        monkeypatch.setattr(FileDrop, verb, _dying(getattr(FileDrop, verb), chance, faults))
    answers: list[dict[str, str]] = []
    open_orders = {order.key: order for order in orders}
    for _ in range(400):
        if not open_orders:
            break
        some = chance.sample(sorted(open_orders), min(8, len(open_orders)))
        try:
            outcomes = await counterpart.plain().create_sales_orders([open_orders[key] for key in some], {})
        except KeyboardInterrupt:
            outcomes = []
        for key, outcome in zip(some, outcomes, strict=False):
            if isinstance(outcome, Settled):
                open_orders.pop(key)
        if chance.random() < 0.3:
            answers += house.run()
        told = [answer for answer in answers if chance.random() < 0.4]
        house.answer(told)
        answers = [answer for answer in answers if answer not in told or chance.random() < 0.2]
    assert open_orders == {}, "none is lost"
    assert faults["left"] == 0, "it died as often as it was to"
    assert sorted(house.books) == sorted(order.key for order in orders)
    assert {booked.times for booked in house.books.values()} == {1}, "none came twice"
    found = await counterpart.plain().find_by_key([order.key for order in orders])
    assert {(found[order.key].total, found[order.key].status) for order in orders} == {
        (orders[0].total, DocumentStatus.PROCESSING)
    }


def _dying(real: Any, chance: random.Random, faults: dict[str, int]) -> Any:
    """The same, but the worker dies before it, or after it, now and then."""

    async def call(self: FileDrop, *arguments: Any) -> Any:
        before, after = chance.random() < 0.03, chance.random() < 0.03
        if before and faults["left"]:
            faults["left"] -= 1
            raise KeyboardInterrupt
        result = await real(self, *arguments)
        if after and faults["left"]:
            faults["left"] -= 1
            raise KeyboardInterrupt
        return result

    return call
