"""Recording: every product of a batch ends in a state, with its reasons, in one fenced transaction."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from canonical.errors import ConflictError, CrossdockError, HeldError, MisconfiguredError, RetryableError
from canonical.ids import correlation_id
from canonical.records import (
    AuditEntry,
    Batch,
    Case,
    CaseClosing,
    CaseKind,
    Clock,
    CrossReference,
    EffectUpdate,
    MessageVerdict,
)
from canonical.states import EffectState, MessageState
from flows.handling.own_messages import CHANNEL
from flows.handling.products.arrivals import MOST_CASES, product_key
from flows.handling.products.papers import ProductBatch, ProductPaper
from flows.handling.products.publishing import publication_key
from flows.runtime import Runtime

SHOWN: Final = "product.shown"
"""The SLA clock from a source's word to the shop's answer."""
OWNERS: Final = {"unit_unmapped": "integration"}


class Drafts:
    """Collects what a batch wants to write, and becomes one `Batch`."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.standing: set[str] = set()  # aggregates with open cases
        self.messages: list[MessageVerdict] = []
        self.open_cases: list[Case] = []
        self.close_cases: list[CaseClosing] = []
        self.effects: list[EffectUpdate] = []
        self.references: list[CrossReference] = []
        self.clocks: list[Clock] = []
        self.audit: list[AuditEntry] = []

    def batch(self, rt: Runtime) -> Batch:
        stops = tuple((c.scope, c.aggregate_key, c.name, rt.now()) for c in self.clocks)
        return Batch(
            owner=self.owner,
            messages=tuple(self.messages),
            close_cases=tuple(self.close_cases),
            open_cases=tuple(self.open_cases),
            effects=tuple(self.effects),
            references=tuple(self.references),
            start_clocks=tuple(self.clocks),
            stop_clocks=stops,
            audit=tuple(self.audit),
        )


async def record(rt: Runtime, batch: ProductBatch) -> None:
    """Write the batch. Raises `ConflictError` when the lease was lost: another worker has the products then."""
    drafts = Drafts(batch.owner)
    drafts.standing = {case.aggregate_key for case in await rt.store.cases(scope=batch.shop, limit=MOST_CASES)}
    await _settle_lost(rt, batch, drafts)
    for paper in batch.papers:
        if paper.error is not None:
            _failed(rt, batch, paper, drafts)
        else:
            _ended(rt, batch, paper, drafts)
    await rt.store.commit(drafts.batch(rt))
    await _let_go(rt, batch)


async def _settle_lost(rt: Runtime, batch: ProductBatch, drafts: Drafts) -> None:
    """Effects of products that turn out to be published already: their worker died before it could say so."""
    again = [p for p in batch.papers if p.verdict == "unchanged" and any(m.attempts for m in p.messages)]
    by_key = {publication_key(paper, paper.version - 1): paper for paper in again}
    for key, effect in (await rt.store.effects(list(by_key))).items() if by_key else ():
        published = by_key[key].published
        if effect.state in (EffectState.SENT, EffectState.INTENDED) and published is not None:
            drafts.effects += settling(effect.key, effect.state, published.ref.product_id)
            drafts.references += _references(rt, batch.shop, by_key[key], published.ref.product_id)


def settling(key: str, state: EffectState, product_id: str) -> list[EffectUpdate]:
    """The steps to a settled effect."""
    first = [EffectUpdate(key=key, state=EffectState.SENT)] if state is EffectState.INTENDED else []
    return [*first, EffectUpdate(key=key, state=EffectState.SETTLED, external_id=product_id)]


def _ended(rt: Runtime, batch: ProductBatch, paper: ProductPaper, drafts: Drafts) -> None:
    key = product_key(batch.shop, paper.key)
    verdict = paper.verdict or "nothing to do"
    drafts.messages += [MessageVerdict(seq=m.seq, state=MessageState.DONE, reason=verdict) for m in paper.messages]
    if verdict != "waits" and key in drafts.standing:
        closing = CaseClosing(aggregate_key=key, closed_by=CHANNEL, note=verdict, release_messages=True)
        drafts.close_cases.append(closing)
    if verdict != "published" or paper.ref is None:
        return
    if paper.effect is not None and paper.effect.state is not EffectState.SETTLED:
        settled = EffectUpdate(key=paper.effect.key, state=EffectState.SETTLED, external_id=paper.ref.product_id)
        drafts.effects.append(settled)
    if paper.published is None:
        drafts.references += _references(rt, batch.shop, paper, paper.ref.product_id)
    drafts.clocks.append(_clock(rt, paper))
    detail = {
        "version": paper.version,
        "product": paper.ref.product_id,
        "status": paper.taken.status.value,
        "approval": paper.approval_id,
        "digest": paper.digest[:32],
    }
    drafts.audit.append(_audit(rt, batch, paper, "product.published", detail))


def _references(rt: Runtime, shop: str, paper: ProductPaper, product_id: str) -> list[CrossReference]:
    return [
        CrossReference(
            scope=shop,
            kind="product",
            left_system=paper.source,
            left_id=paper.key,
            right_system=rt.landscape.shop(shop).channel,
            right_id=product_id,
            label=paper.taken.title[:200],
        )
    ]


def _clock(rt: Runtime, paper: ProductPaper) -> Clock:
    """Each publication has a clock of its own."""
    since = paper.since or rt.now()
    key = product_key(paper.shop, f"{paper.key}/{paper.version}")
    due = since + timedelta(seconds=rt.settings.product_goal_seconds)
    return Clock(scope=paper.shop, aggregate_key=key, name=SHOWN, started_at=since, due_at=due)


def _failed(rt: Runtime, batch: ProductBatch, paper: ProductPaper, drafts: Drafts) -> None:
    error = paper.error
    assert error is not None
    paper.reasons = [f"{error.code}: {error.words}"]
    if isinstance(error, RetryableError | MisconfiguredError):
        _later(rt, batch, paper, error, drafts)
        return
    held = isinstance(error, HeldError | ConflictError)
    paper.verdict = ("withheld" if paper.approval_id is not None else "held") if held else "quarantined"
    state = MessageState.HELD if held else MessageState.QUARANTINED
    drafts.messages += [MessageVerdict(seq=m.seq, state=state, reason=error.code) for m in paper.messages]
    if paper.effect is not None and paper.effect.state is not EffectState.SETTLED:
        failed = EffectUpdate(
            key=paper.effect.key, state=EffectState.FAILED, error_code=error.code, error=error.words[:500]
        )
        drafts.effects.append(failed)
    key = product_key(batch.shop, paper.key)
    if key in drafts.standing:
        closing = CaseClosing(aggregate_key=key, keep=(error.code,), closed_by=CHANNEL, note=paper.verdict)
        drafts.close_cases.append(closing)
    drafts.open_cases.append(
        make_case(rt, batch.shop, paper.key, CaseKind.HELD if held else CaseKind.QUARANTINED, error)
    )
    detail = {"reason": error.code, "approval": paper.approval_id}
    drafts.audit.append(_audit(rt, batch, paper, f"product.{paper.verdict}", detail))


def _later(
    rt: Runtime, batch: ProductBatch, paper: ProductPaper, error: RetryableError | MisconfiguredError, drafts: Drafts
) -> None:
    """Try again later. An outage burns no attempt; what only this product meets does."""
    paper.verdict = "waiting"
    alone = batch.stopped is None
    moment = rt.now() + timedelta(seconds=rt.settings.park_seconds)
    drafts.messages += [
        MessageVerdict(seq=m.seq, state=MessageState.READY, reason=error.code, not_before=moment, count_attempt=alone)
        for m in paper.messages
    ]
    if paper.effect is None or paper.effect.state is EffectState.SETTLED:
        return
    if not (isinstance(error, RetryableError) and error.maybe_applied):
        drafts.effects.append(EffectUpdate(key=paper.effect.key, state=EffectState.INTENDED, error_code=error.code))


async def _let_go(rt: Runtime, batch: ProductBatch) -> None:
    """What was withheld and is published, or as it should be, is withheld no more; its approval is used up."""
    over = [paper for paper in batch.papers if paper.error is None and paper.verdict in ("published", "unchanged")]
    if not over:
        return
    rows = await rt.goods.book.withheld(batch.shop, [paper.key for paper in over])
    if not rows:
        return
    await rt.goods.book.let_go(batch.shop, [row.key for row in rows])
    left = {row.approval_id for row in await rt.goods.book.withheld(batch.shop)}
    for number in sorted({row.approval_id for row in rows} - left):
        if rt.approvals is not None:
            await rt.approvals.finish(number)


def make_case(rt: Runtime, shop: str, key: str, kind: CaseKind, error: CrossdockError) -> Case:
    """Why a product waits."""
    aggregate = product_key(shop, key)
    words = error.words if error.field is None else f"{error.field}: {error.words}"
    return Case(
        kind=kind,
        scope=shop,
        aggregate_key=aggregate,
        correlation_id=correlation_id(shop, "product", key),
        document=f"product {key}"[:200],
        reason_code=error.code,
        words=words[:2000],
        way_out=error.way_out,
        owner=OWNERS.get(error.code, "catalogue"),
        opened_at=rt.now(),
    )


def _audit(
    rt: Runtime, batch: ProductBatch, paper: ProductPaper, action: str, detail: Mapping[str, object]
) -> AuditEntry:
    return AuditEntry(
        at=rt.now(),
        actor=CHANNEL,
        action=action,
        scope=batch.shop,
        aggregate_key=product_key(batch.shop, paper.key),
        correlation_id=correlation_id(batch.shop, "product", paper.key),
        detail={"document": paper.key, **detail},
    )
