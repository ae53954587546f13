"""The mapping repository: versions, change sets, four eyes, dates; the same on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest

from canonical.errors import ConflictError, RejectedError
from canonical.mapping.changes import ChangeState, Draft, Edit, EditKind, difference
from canonical.mapping.kinds import MappingKind, MappingRow
from canonical.ports import MappingBook
from canonical.records import Batch
from canonical.rules import example
from canonical.states import OrderState
from connectors.registry import mapping_book
from connectors.statestore.store import SqlStateStore
from tests.contract.statestore.making import case, order_record

K = MappingKind
SEEDS = [*example.MAPPING_ROWS, MappingRow(kind=K.UNITS, shop="erp", key=("TEE-1", "case"), value="12")]
NEW_YEAR = datetime(2099, 1, 1, tzinfo=UTC)
ANN, BOB = "token-of-ann", "token-of-bob"


def put(kind: MappingKind, *key: str, value: str, shop: str = "north", **times: Any) -> Edit:
    return Edit(row=MappingRow(kind=kind, shop=shop, key=key, value=value, **times))


def draft(*edits: Edit, words: str = "the season's new goods") -> Draft:
    return Draft(edits=edits, words=words)


@pytest.fixture
async def book(store: SqlStateStore) -> MappingBook:
    """A repository with seeds, and two people who may approve."""
    await store.add_principal("ann", ANN, ["approver"])
    await store.add_principal("bob", BOB, ["approver"])
    opened = mapping_book(store)
    assert await opened.seed(SEEDS, "start")
    return opened


async def actions(store: SqlStateStore, change: int | str) -> list[str]:
    return [row.entry.action for row in await store.audit(f"mappings:change:{change}")]


async def test_the_seeds_are_version_one_and_are_loaded_once(store: SqlStateStore) -> None:
    book = mapping_book(store)
    assert isinstance(book, MappingBook)
    assert await book.version() == 0
    assert await book.seed(SEEDS, "start")
    assert not await book.seed(SEEDS[:1], "start")
    assert (await book.version(), set(await book.rows())) == (1, set(SEEDS))
    assert await actions(store, "seeds") == ["mapping.seeded"]


async def test_a_change_that_needs_nobody_else_is_in_force_at_once_and_audited(
    store: SqlStateStore, book: MappingBook
) -> None:
    change = await book.propose(draft(put(K.ITEMS, "MUG-9", "", value="MUG")), "cli:cleo")
    assert (change.state, change.version, change.proposed_by) == (ChangeState.IN_FORCE, 2, "cli:cleo")
    assert await book.version() == 2
    assert "MUG" in {row.value for row in await book.rows(kind=K.ITEMS)}
    assert "MUG" not in {row.value for row in await book.rows(1)}
    assert await actions(store, change.id) == ["mapping.proposed", "mapping.validated", "mapping.in_force"]
    assert (await store.verify_audit())[1] is None


async def test_what_moves_money_waits_for_another_person(store: SqlStateStore, book: MappingBook) -> None:
    wanted = draft(put(K.TAXES, "State Tax", "0.09", "US", "NV", value="STATE-9B"))
    with pytest.raises(RejectedError) as unknown:
        await book.propose(wanted, "cli:ann")
    change = await book.propose(wanted, "cli:whoever", ANN)
    assert (change.state, change.proposed_by) == (ChangeState.WAITING, "ann")
    with pytest.raises(RejectedError) as own:
        await book.decide(change.id, ANN, approve=True)
    assert (unknown.value.code, own.value.code) == ("token_needed", "own_change")
    assert await book.version() == 1
    approved = await book.decide(change.id, BOB, approve=True, note="checked")
    assert (approved.state, approved.version, approved.decided_by) == (ChangeState.IN_FORCE, 2, "bob")
    assert [row.value for row in await book.rows(kind=K.TAXES)] == ["STATE-9B"]
    with pytest.raises(RejectedError, match="change_decided"):
        await book.decide(change.id, BOB, approve=False)
    told = await actions(store, change.id)
    assert told[2:] == ["mapping.decision_refused", "mapping.approved", "mapping.in_force", "mapping.decision_refused"]


async def test_nobody_approves_without_the_role_or_with_a_forged_token(store: SqlStateStore, book: MappingBook) -> None:
    await store.add_principal("dan", "token-of-dan", ["operations"])
    change = await book.propose(draft(put(K.PRICE_LISTS, "B2B", value="WHOLESALE")), "cli:ann", ANN)
    for token, code in (("token-of-dan", "role_missing"), ("forged", "token_unknown")):
        with pytest.raises(RejectedError) as refused:
            await book.decide(change.id, token, approve=True)
        assert refused.value.code == code
    assert (await book.decide(change.id, BOB, approve=False, note="no")).state is ChangeState.REJECTED
    assert await book.version() == 1


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (put(K.LOCATIONS, "9", "North", value="DC-EAST"), "DC-EAST of north would be two locations"),
        (put(K.ITEMS, "TEE-1", "77", value="OTHER"), "sku TEE-1 of north stands for TEE-1 and for OTHER"),
        (put(K.UNITS, "TEE-1", "Case", value="10", shop="erp"), "but Case is 10"),
        (put(K.KITS, "SET", "SET", value="1"), "kit SET of north would be part of itself"),
        (
            Edit(
                kind=EditKind.REMOVE,
                row=SEEDS[0].model_copy(update={"valid_from": NEW_YEAR, "valid_to": NEW_YEAR.replace(year=2100)}),
            ),
            "nothing is mapped between 2099",
        ),
    ],
)
async def test_a_change_that_contradicts_what_stands_is_refused_in_words(
    book: MappingBook, edit: Edit, words: str
) -> None:
    change = await book.propose(draft(edit), "cli:cleo")
    assert change.state is ChangeState.REFUSED
    assert words in "; ".join(change.problems)
    assert (await book.version(), set(await book.rows())) == (1, set(SEEDS))


async def test_a_change_that_is_not_there_cannot_be_decided(book: MappingBook) -> None:
    for approve in (True, False):
        with pytest.raises(RejectedError, match="change_unknown"):
            await book.decide(99, BOB, approve=approve)


async def test_a_change_approved_too_late_is_checked_again_and_refused(book: MappingBook) -> None:
    late = await book.propose(
        draft(put(K.LOCATIONS, "9", "North", value="DC-NORTH"), put(K.PAYMENT_METHODS, "wire", value="WIRE")), "", ANN
    )
    await book.propose(draft(put(K.LOCATIONS, "10", "", value="DC-NORTH")), "cli:cleo")
    with pytest.raises(ConflictError, match="DC-NORTH"):
        await book.decide(late.id, BOB, approve=True)
    kept = await book.change(late.id)
    assert kept is not None
    assert (kept.state, await book.version()) == (ChangeState.REFUSED, 2)


async def test_a_value_from_a_date_on_cuts_the_one_before(book: MappingBook) -> None:
    await book.propose(draft(put(K.ITEMS, "TEE-1", "", value="TEE-2", valid_from=NEW_YEAR)), "cli:cleo")
    rows = {row.value: row for row in await book.rows(kind=K.ITEMS) if row.key[0] == "TEE-1"}
    assert (rows["TEE-1"].valid_to, rows["TEE-2"].valid_from) == (NEW_YEAR, NEW_YEAR)
    assert rows["TEE-1"].holds(NEW_YEAR.replace(year=2098))
    assert not rows["TEE-1"].holds(NEW_YEAR)


async def test_going_back_to_an_earlier_version_is_a_change_of_its_own(book: MappingBook) -> None:
    await book.propose(draft(put(K.ITEMS, "MUG-9", "", value="MUG")), "cli:cleo")
    await book.propose(draft(put(K.ITEMS, "TEE-1", "", value="TEE-2")), "cli:cleo")
    back = difference(await book.rows(), await book.rows(1))
    change = await book.propose(draft(*back, words="back to version 1"), "cli:cleo")
    assert (change.version, set(await book.rows())) == (4, set(SEEDS))
    assert [v.number for v in await book.versions()] == [4, 3, 2, 1]
    assert "TEE-2" in {row.value for row in await book.rows(3)}


async def test_the_preview_counts_the_open_orders_that_a_change_touches(
    store: SqlStateStore, book: MappingBook
) -> None:
    lacking = example.order(id="1", name="#1", lines=(example.line(sku="MUG-9", variant_id=None),))
    orders = [
        order_record("1", state=OrderState.HELD, document=lacking.model_dump_json().encode()),
        order_record("2", document=example.order(id="2", name="#2").model_dump_json().encode()),
        order_record("3", state=OrderState.POSTED, document=example.order(id="3").model_dump_json().encode()),
    ]
    other = case("A", aggregate_key="north:stock:MUG-9", document="stock of MUG-9")
    await store.commit(Batch(orders=tuple(orders), open_cases=(case("1"), other)))
    wanted = draft(put(K.ITEMS, "MUG-9", "", value="MUG"))
    told = await book.preview(wanted)
    assert await book.version() == 1
    mug = await book.propose(wanted, "cli:cleo")
    assert told == ((), mug.impact)
    assert (mug.impact.looked_at, mug.impact.released, mug.impact.stopped, mug.impact.changed) == (2, 1, 0, 0)
    assert (mug.impact.examples, mug.impact.waiting_cases) == (("#1 of north",), 1)
    gone = await book.propose(draft(Edit(kind=EditKind.REMOVE, row=SEEDS[0])), "cli:cleo")
    assert (gone.impact.stopped, gone.impact.examples) == (1, ("#2 of north",))
    renamed = await book.propose(draft(put(K.LOCATIONS, "7", "East", value="DC-NEW")), "cli:cleo")
    assert renamed.impact.changed == 2


async def test_changes_made_at_once_follow_each_other(book: MappingBook) -> None:
    import asyncio

    edits = [put(K.ITEMS, f"SKU-{n}", "", value=f"ITEM-{n}") for n in range(8)]
    changes = await asyncio.gather(*(book.propose(draft(edit), "cli:cleo") for edit in edits))
    assert sorted(c.version or 0 for c in changes) == list(range(2, 10))
    assert len(await book.rows(kind=K.ITEMS)) == len(edits) + 2
