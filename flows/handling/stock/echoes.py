"""What a shop says about its stock: mostly the echo of our own writes and of its orders. The rest is read again.

A webhook is never a base for a figure: it may be late. Where it says something else than we expect, it waits a few
seconds, for the order behind it is on its way to us; then the figure is doubted, and read before it is written.
"""

from datetime import timedelta

from canonical.errors import CrossdockError
from canonical.inventory import ChannelLevel, Figure, Place
from canonical.records import Batch, Message, MessageVerdict
from canonical.states import MessageState
from flows.handling.stock.papers import EchoBatch
from flows.handling.stock.snapshot import take_snapshot
from flows.handling.unexpected import contained
from flows.runtime import Runtime

DIFFERS = "echo_differs"


async def hear(rt: Runtime, batch: EchoBatch) -> int:
    """Compare what the shop says with what we expect it to show. Returns how many figures are doubted."""
    said = {message.seq: _said(rt, batch.shop, message) for message in batch.messages}
    levels = {seq: level for seq, level in said.items() if isinstance(level, ChannelLevel)}
    figures = {f.place: f for f in await _figures_at(rt, batch.shop, [lv.place for lv in levels.values()])}
    company = rt.landscape.shop(batch.shop).company
    snapshot = await take_snapshot(rt, company, {f.sku for f in figures.values()})
    verdicts: list[MessageVerdict] = []
    doubted: list[Place] = []
    for message in batch.messages:
        level = levels.get(message.seq)
        if level is None:
            verdicts.append(_unreadable(message, said[message.seq]))
            continue
        figure = figures.get(level.place)
        expected = None
        if figure is not None and figure.published is not None:
            taken = snapshot.taken(batch.shop, figure.sku, figure.place.location_id)
            expected = figure.published - int(taken)
        if figure is None or expected in (None, level.available) or _older(message, figure):
            batch.recognised += 1
            verdicts.append(MessageVerdict(seq=message.seq, state=MessageState.DONE))
        elif message.reason != DIFFERS:
            verdicts.append(_again(rt, message))
        else:
            doubted.append(level.place)
            verdicts.append(MessageVerdict(seq=message.seq, state=MessageState.DONE, reason="doubted"))
    batch.doubted = await rt.stock_book.doubt_figures(batch.shop, doubted) if doubted else 0
    await rt.store.commit(Batch(owner=batch.owner, messages=tuple(verdicts)))
    return batch.doubted


def _said(rt: Runtime, shop: str, message: Message) -> ChannelLevel | CrossdockError:
    try:
        return rt.stock_channels[shop].level_of(message)
    except Exception as error:  # noqa: BLE001 - one message's defect is its own
        return contained(error, message.delivery_key)


def _unreadable(message: Message, said: object) -> MessageVerdict:
    code = said.code if isinstance(said, CrossdockError) else None
    return MessageVerdict(seq=message.seq, state=MessageState.QUARANTINED, reason=code)


def _older(message: Message, figure: Figure) -> bool:
    """Whether the shop said it before our last write there."""
    return (
        message.occurred_at is not None
        and figure.published_at is not None
        and (message.occurred_at < figure.published_at)
    )


def _again(rt: Runtime, message: Message) -> MessageVerdict:
    later = rt.now() + timedelta(seconds=rt.settings.echo_patience_seconds)
    return MessageVerdict(
        seq=message.seq, state=MessageState.READY, reason=DIFFERS, not_before=later, count_attempt=False
    )


async def _figures_at(rt: Runtime, shop: str, places: list[Place]) -> list[Figure]:
    return await rt.stock_book.figures_at(shop, places) if places else []
