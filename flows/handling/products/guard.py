"""Guards before products go out: price jumps and mass archiving wait for an approval of exactly that content.

What is withheld stays withheld, in words, whatever the next run finds; the rest of the batch goes on. An approval is
for the digests that were withheld under it (`ProductBook.withheld`): other content is guarded anew.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import orjson

from canonical.approvals import Approval, ApprovalRequest, ApprovalState
from canonical.errors import HeldError
from canonical.ids import correlation_id, effect_key
from canonical.ports.products import WithheldProduct
from canonical.product import ProductStatus
from canonical.records import Cursor
from canonical.rules.guards import Finding, GuardLimits, PriceMove, mass_archive, price_jump
from flows.handling.products.papers import ProductBatch, ProductPaper
from flows.runtime import Runtime

PRICE_JUMP, MASS_ARCHIVE = "price_jump", "mass_archive"
GUARD_REASONS: Final = (PRICE_JUMP, MASS_ARCHIVE)
ROLE: Final = "catalogue_approver"
ASKED_BY: Final = "crossdock"
GRANTED: Final = (ApprovalState.APPROVED, ApprovalState.USED)
CATALOGUE: Final = "catalogue"


async def guard(rt: Runtime, batch: ProductBatch) -> int:
    """Withhold what a guard stops. Returns how many products wait for an approval."""
    papers = [paper for paper in batch.open() if paper.published is not None]
    if rt.approvals is None or not papers:
        return 0
    limits = rt.landscape.shop(batch.shop).guards
    allowed = await _allowed(rt, batch.shop, papers)
    for paper in papers:
        if paper.key in allowed:
            paper.approval_id = allowed[paper.key]
        elif finding := price_jump(_label(batch.shop, paper.key), _moves(paper), limits):
            await _withhold(rt, batch.shop, [paper], finding, ("product.price-jump", paper.key))
    await _guard_archiving(rt, batch.shop, [p for p in papers if p.error is None], limits)
    return sum(isinstance(paper.error, HeldError) for paper in papers)


async def _allowed(rt: Runtime, shop: str, papers: Sequence[ProductPaper]) -> dict[str, int]:
    """Products whose very content was approved, with the approval."""
    digests = {paper.key: paper.digest for paper in papers}
    rows = [w for w in await rt.goods.book.withheld(shop, list(digests)) if w.digest == digests[w.key]]
    granted = {number: await _taken(rt, number) for number in {row.approval_id for row in rows}}
    return {row.key: row.approval_id for row in rows if granted[row.approval_id]}


async def _taken(rt: Runtime, number: int) -> bool:
    assert rt.approvals is not None
    approval = await rt.approvals.approval(number)
    if approval is None or approval.state not in GRANTED:
        return False
    return await rt.approvals.use(number, approval.request.digest)


def _moves(paper: ProductPaper) -> list[PriceMove]:
    if "variants.price" not in paper.owned or paper.taken.status is ProductStatus.ARCHIVED:
        return []
    prices = [(v.sku, v.price.amount) for v in paper.taken.variants if v.sku and v.price is not None]
    return [PriceMove(sku, paper.last_price(sku), amount) for sku, amount in prices]


async def _guard_archiving(rt: Runtime, shop: str, papers: Sequence[ProductPaper], limits: GuardLimits) -> None:
    leaving = [paper for paper in papers if _leaves(paper)]
    if not leaving:
        return
    window = await _Window.read(rt, shop, limits)
    free = [paper for paper in leaving if paper.approval_id is None]
    waiting = {w.key: w for w in await rt.goods.book.withheld(shop) if w.kind == MASS_ARCHIVE}
    open_ = {w.key: w for w in waiting.values() if await _is_open(rt, w.approval_id)}
    active = (await rt.goods.book.status_counts(shop)).get(ProductStatus.ACTIVE.value, 0) + window.archived
    named = {paper.key for paper in free} | (open_.keys() if free else set())
    finding = mass_archive(shop, named, active, limits, already=window.archived)
    if finding is None:
        await window.add(len(leaving))
        return
    approval = await _withhold(rt, shop, free, finding, ("product.mass-archive", CATALOGUE))
    moved = [WithheldProduct(shop, w.key, w.digest, w.kind, approval.id) for w in open_.values()]
    await rt.goods.book.withhold([w for w in moved if w.key not in {paper.key for paper in free}])
    await window.add(len(leaving) - len(free))


def _leaves(paper: ProductPaper) -> bool:
    """Whether it goes from sale."""
    shown = paper.published is not None and paper.published.status == ProductStatus.ACTIVE.value
    return shown and "status" in paper.owned and paper.taken.status is not ProductStatus.ACTIVE


async def _is_open(rt: Runtime, number: int) -> bool:
    assert rt.approvals is not None
    approval = await rt.approvals.approval(number)
    return approval is not None and approval.state is ApprovalState.PENDING


async def _withhold(
    rt: Runtime, shop: str, papers: Iterable[ProductPaper], finding: Finding, subject: tuple[str, str]
) -> Approval:
    """Ask for an approval, and hold the products meanwhile."""
    assert rt.approvals is not None
    operation, name = subject
    approval = await rt.approvals.request_approval(
        ApprovalRequest(
            key=effect_key(shop, operation, name),
            scope=shop,
            kind=finding.kind,
            role=ROLE,
            subject=finding.subject if finding.kind == PRICE_JUMP else f"catalogue of {shop}",
            words=finding.words,
            detail=dict(list(finding.figures.items())[:20]),
            digest=finding.digest,
            requested_by=ASKED_BY,
            correlation_id=correlation_id(shop, "product", name),
        )
    )
    held = list(papers)
    for paper in held:
        paper.approval_id = approval.id
        paper.error = HeldError(
            waiting_words(approval),
            code=finding.kind,
            document=f"product {paper.key}",
            way_out=f"`crossdock approvals approve {approval.id}`, or correct it in its source.",
        )
    await rt.goods.book.withhold(
        [WithheldProduct(shop, paper.key, paper.digest, finding.kind, approval.id) for paper in held]
    )
    return approval


def waiting_words(approval: Approval) -> str:
    """Why it is withheld, and how the decision stands."""
    words, number = approval.request.words, approval.id
    match approval.state:
        case ApprovalState.REJECTED:
            note = f": {approval.note}" if approval.note else ""
            return f"{words} (approval {number}: {approval.decided_by} rejected it{note})"
        case ApprovalState.EXPIRED:
            return f"{words} (approval {number}: nobody decided in time)"
        case _:
            return f"{words} (waits for approval {number})"


def _label(shop: str, key: str) -> str:
    return f"product {key} of {shop}"


class _Window:
    """What was archived lately in a shop, so that many small batches are seen as well."""

    def __init__(self, rt: Runtime, shop: str, since: datetime, archived: int) -> None:
        self._rt, self._shop, self._since, self.archived = rt, shop, since, archived

    @classmethod
    async def read(cls, rt: Runtime, shop: str, limits: GuardLimits) -> "_Window":
        kept = await rt.store.cursor(shop, "products.guard")
        if kept is not None:
            content = orjson.loads(kept.value)
            since = datetime.fromisoformat(content["since"])
            if rt.now() - since < timedelta(minutes=limits.window_minutes):
                return cls(rt, shop, since, content["archived"])
        return cls(rt, shop, rt.now(), 0)

    async def add(self, archived: int) -> None:
        """So many go out."""
        if archived:
            value = orjson.dumps({"since": self._since.isoformat(), "archived": self.archived + archived}).decode()
            cursor = Cursor(scope=self._shop, name="products.guard", value=value, updated_at=self._rt.now())
            await self._rt.store.set_cursor(cursor)
