"""What the shop says beside the order itself: fulfillments others made, returns, refunds. Read in few calls."""

from collections.abc import Sequence
from functools import partial

from canonical.errors import RejectedError
from canonical.ids import aggregate_key
from canonical.order import Order, TransactionKind
from canonical.ports.aftersales import FulfillmentChannel
from canonical.records import CrossReference, Message
from canonical.returns import Return
from canonical.rules.lifecycle import hear_logistics
from canonical.rules.lifecycle.returns import hear_refunds, hear_return
from canonical.steps import Operation
from flows.handling.lives.goods_back import REFERENCE, return_reference
from flows.handling.lives.messages import CHANGED, LOOK, RETURNS, START, handed_on
from flows.handling.lives.papers import LifeBatch, LifePaper
from flows.runtime import Runtime

READ_LIMIT = 50


async def hear_channel(rt: Runtime, batch: LifeBatch) -> None:
    """Read and fold what the messages of the shop point at. Raises when the shop is away: the batch comes again."""
    for shop in sorted({paper.scope for paper in batch.papers if paper.scope in rt.house.fulfillment}):
        papers = [paper for paper in batch.papers if paper.scope == shop and paper.error is None]
        if batch.kind == RETURNS:
            await _returns(rt, shop, papers)
            await _unheard(rt, shop, [p for p in papers if p.life is not None and _asked(p) and p.life.shipments])
            await _refunds(rt, shop, [p for p in papers if p.life is not None and _refunded(p)])
        else:
            await _resolve(rt, shop, [paper for paper in papers if paper.life is None])
            await _logistics(rt, shop, [paper for paper in papers if paper.life is not None and _news(paper)])


async def hear_again(rt: Runtime, papers: Sequence[LifePaper]) -> None:
    """After something of ours moved requests or gave money back: what the shop says of it now."""
    for shop in sorted({paper.scope for paper in papers}):
        here = [paper for paper in papers if paper.scope == shop and paper.life is not None]
        await _logistics(rt, shop, [paper for paper in here if Operation.MOVE in paper.news])
        await _refunds(rt, shop, [paper for paper in here if Operation.REFUND in paper.news])
    for paper in papers:
        paper.news.clear()


def _refunded(paper: LifePaper) -> bool:
    """Whether the shop gave money back, or we did and have not heard of it."""
    known = {refund.id for refund in paper.life.refunds} if paper.life else set()
    ours = [one.refund_id for back in paper.life.returns for one in back.settlings] if paper.life else []
    if any(one is not None and one not in known for one in ours):
        return True
    return paper.order is not None and any(one.kind is TransactionKind.REFUND for one in paper.order.transactions)


def _news(paper: LifePaper) -> bool:
    """Whether the shop tells of a fulfillment that is not one of ours."""
    life, order = paper.life, paper.order
    assert life is not None
    told = any(_is_fulfillment(message) for message in paper.messages)
    changed = any(message.topic in (CHANGED, START) for message in paper.messages)
    return told or (changed and order is not None and _gone_at_channel(order) > sum(life.shipped.values()))


def _is_fulfillment(message: Message) -> bool:
    return message.topic.startswith(("fulfillments/", "fulfillment_orders/"))


def _gone_at_channel(order: Order) -> int:
    """Pieces that the shop counts as fulfilled."""
    return sum(row.quantity - row.remaining for request in order.fulfillment_orders for row in request.lines)


async def _logistics(rt: Runtime, shop: str, papers: Sequence[LifePaper]) -> None:
    for start in range(0, len(papers), READ_LIMIT):
        part = papers[start : start + READ_LIMIT]
        found = await rt.house.fulfillment[shop].read_logistics([p.life.order_id for p in part if p.life])
        for paper in part:
            assert paper.life is not None
            logistics = found.get(paper.life.order_id)
            if logistics is None:
                continue
            if paper.order is not None:
                paper.order = paper.order.model_copy(update={"fulfillment_orders": logistics.fulfillment_orders})
            paper.take(hear_logistics(paper.life, logistics, partial(_location_of, rt, shop), rt.now()))


def _location_of(rt: Runtime, shop: str, location_id: str | None) -> str | None:
    return rt.mappings.location(shop, location_id, None)


async def _resolve(rt: Runtime, shop: str, papers: Sequence[LifePaper]) -> None:
    """Messages that name a fulfillment order only: handed on to the order it belongs to."""
    channel, wanted = rt.house.fulfillment[shop], dict[str, list[tuple[LifePaper, Message]]]()
    for paper in papers:
        for message in paper.messages:
            if _is_fulfillment(message) and not _about_order(paper):
                _note(channel, paper, message, wanted)
    if not wanted:
        return
    owners = await channel.order_ids_of(sorted(wanted))
    for id_, messages in wanted.items():
        for paper, message in messages:
            if id_ in owners:
                paper.forwards.append(handed_on(message, shop, owners[id_], message.kind))


def _note(
    channel: FulfillmentChannel,
    paper: LifePaper,
    message: Message,
    wanted: dict[str, list[tuple[LifePaper, Message]]],
) -> None:
    try:
        wanted.setdefault(channel.fulfillment_order_id_of(message), []).append((paper, message))
    except RejectedError as error:
        paper.unreadable.append((message, error))


def _about_order(paper: LifePaper) -> bool:
    return paper.aggregate_key.split(":")[1:2] == ["order"]


async def _returns(rt: Runtime, shop: str, papers: Sequence[LifePaper]) -> None:
    """Read the returns that messages are about, and fold each into its order, or hand the message on to it."""
    channel = rt.house.returns[shop]
    about: dict[str, list[tuple[LifePaper, Message]]] = {}
    for paper in papers:
        for message in paper.messages:
            if message.topic.startswith(("returns/", "reverse_deliveries/")):
                try:
                    about.setdefault(channel.return_id_of(message), []).append((paper, message))
                except RejectedError as error:
                    paper.unreadable.append((message, error))
    ids = sorted(about)
    for start in range(0, len(ids), READ_LIMIT):
        found = await channel.read_returns(ids[start : start + READ_LIMIT])
        for id_ in ids[start : start + READ_LIMIT]:
            for paper, message in about[id_]:
                _fold_return(rt, shop, paper, message, found.get(id_))


def _asked(paper: LifePaper) -> bool:
    return any(message.topic == LOOK for message in paper.messages)


async def _unheard(rt: Runtime, shop: str, papers: Sequence[LifePaper]) -> None:
    """All returns of orders that are looked at: a webhook may have been lost."""
    channel = rt.house.returns[shop]
    for start in range(0, len(papers), READ_LIMIT):
        by_order = {p.life.order_id: p for p in papers[start : start + READ_LIMIT] if p.life}
        known = await channel.returns_of(sorted(by_order))
        found = await channel.read_returns(sorted({id_ for ids in known.values() for id_ in ids}))
        for answer in found.values():
            if isinstance(answer, Return) and (paper := by_order.get(answer.order_id)) is not None:
                _take_return(rt, shop, paper, answer)


def _fold_return(
    rt: Runtime, shop: str, paper: LifePaper, message: Message, answer: Return | RejectedError | None
) -> None:
    if not isinstance(answer, Return):
        error = answer or RejectedError(
            "the shop does not know this return (any more)",
            code="return_not_found",
            document=message.delivery_key,
            field="id",
            way_out="If it was deleted in the shop, close the case; else replay the message.",
        )
        paper.unreadable.append((message, error))
    elif paper.aggregate_key != aggregate_key(shop, "order", answer.order_id):
        paper.forwards.append(handed_on(message, shop, answer.order_id, RETURNS))
    else:
        _take_return(rt, shop, paper, answer)


def _take_return(rt: Runtime, shop: str, paper: LifePaper, answer: Return) -> None:
    """Fold it in, and remember whose it is: a warehouse names the return, not the order."""
    if paper.life is None:
        return
    system, native = return_reference(answer.order_id, answer.id)
    paper.references.append(
        CrossReference(
            scope=shop,
            kind=REFERENCE,
            left_system=rt.landscape.shop(shop).channel,
            left_id=answer.id,
            right_system=system,
            right_id=native,
            label=f"{answer.name or answer.id} of {paper.label}",
        )
    )
    paper.take(hear_return(paper.life, answer, rt.now()))


async def _refunds(rt: Runtime, shop: str, papers: Sequence[LifePaper]) -> None:
    """The refunds of orders that have some, whoever made them."""
    for start in range(0, len(papers), READ_LIMIT):
        part = papers[start : start + READ_LIMIT]
        found = await rt.house.returns[shop].read_refunds([p.life.order_id for p in part if p.life])
        for paper in part:
            assert paper.life is not None
            if refunds := found.get(paper.life.order_id):
                paper.take(hear_refunds(paper.life, refunds, rt.now()))
