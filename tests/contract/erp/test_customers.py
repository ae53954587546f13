"""Every ERP: a customer is found by external id, then by e-mail, else created; never twice."""

from __future__ import annotations

import asyncio

import pytest

from canonical.booking import CustomerRef
from canonical.outcomes import Settled
from canonical.party import PartyIdentity, PartyKind
from canonical.ports import SalesOrders
from tests.contract.erp.counterpart import Counterpart
from tests.contract.erp.documents import number, party

pytestmark = pytest.mark.counterpart


async def test_a_new_customer_is_created_once_and_found_by_its_id_afterwards(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    ada = party()
    (first,) = await ensured(erp, ada)
    other_worker = counterpart.connect()
    (second,) = await ensured(other_worker, ada.model_copy(update={"email": f"moved.{number()}@example.com"}))
    await other_worker.aclose()
    assert first.created
    assert not second.created
    assert first.id == second.id
    assert counterpart.customers(ada.email or "") == 1


async def test_a_customer_the_erp_knows_is_found_by_e_mail_in_whatever_case_and_by_id_from_then_on(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    known = party(email="Ada.MARSH@Example.com")
    (found,) = await ensured(erp, known)
    other_worker = counterpart.connect()
    (again,) = await ensured(other_worker, known.model_copy(update={"email": f"new.{number()}@example.com"}))
    await other_worker.aclose()
    assert not found.created
    assert found.number == "C001"
    assert again.id == found.id


async def test_two_identities_of_one_batch_with_one_e_mail_become_one_customer(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    mail = f"shared.{number()}@example.com"
    one, two = await ensured(erp, party(email=mail), party(email=mail.upper()))
    assert one.id == two.id
    assert counterpart.customers(mail) == 1


async def test_two_workers_that_meet_a_new_customer_at_once_create_one(
    erp: SalesOrders, counterpart: Counterpart
) -> None:
    ada, other_worker = party(), counterpart.connect()
    (one,), (two,) = await asyncio.gather(ensured(erp, ada), ensured(other_worker, ada))
    await other_worker.aclose()
    assert one.id == two.id
    assert counterpart.customers(ada.email or "") == 1


async def test_a_guest_who_returns_under_another_id_is_the_same_customer(erp: SalesOrders) -> None:
    mail = f"guest.{number()}@example.com"
    (first,) = await ensured(erp, party(f"north:guest:{number()}", kind=PartyKind.GUEST, email=mail))
    (second,) = await ensured(erp, party(f"north:guest:{number()}", kind=PartyKind.GUEST, email=mail))
    assert second.id == first.id


async def test_a_company_is_found_by_its_account_number(erp: SalesOrders) -> None:
    hotel = party(
        f"north:company:{number()}", kind=PartyKind.COMPANY, name="Breakwater Hotels", email=None, account="B001"
    )
    (found,) = await ensured(erp, hotel)
    (again,) = await ensured(erp, hotel.model_copy(update={"account": None}))
    assert (found.number, found.created) == ("B001", False)
    assert again.id == found.id


async def test_customers_without_e_mail_are_kept_apart(erp: SalesOrders) -> None:
    one, two = await ensured(erp, party(email=None), party(email=None))
    assert one.id != two.id


async def test_more_customers_than_one_call_may_carry_are_answered_in_order(erp: SalesOrders) -> None:
    people = [party() for _ in range(53)]
    created = await ensured(erp, *people)
    assert [reference.number for reference in created] == [p.external_id for p in people]


async def ensured(erp: SalesOrders, *people: PartyIdentity) -> list[CustomerRef]:
    outcomes = await erp.ensure_customers(people)
    assert all(isinstance(outcome, Settled) for outcome in outcomes), outcomes
    return [outcome.value for outcome in outcomes if isinstance(outcome, Settled)]
