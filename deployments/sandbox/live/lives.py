"""Random but plausible lives of orders: placed at a rate, each with a fate that a seed decides."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import httpx

from deployments.sandbox.live.fates import Fate, Scene, fate_of
from deployments.sandbox.live.jobs import NotPossibleError
from deployments.sandbox.live.people import NothingThereError, People
from deployments.sandbox.live.shop_admin import ShopRefusedError
from deployments.sandbox.live.shopper import Order

Line = Callable[[str], None]
NORTH_SHARE = 0.7


@dataclass
class Story:
    """One order's life: its fate, the stages it went through, and what stopped it."""

    order: Order
    fate: str
    stages: list[str] = field(default_factory=list)
    stopped: str = ""


@dataclass
class Chronicle:
    """What happened in a run."""

    stories: list[Story] = field(default_factory=list)

    @property
    def fates(self) -> list[tuple[str, int, int, int]]:
        """Of each fate: orders, those that came to their end, those that were stopped."""
        counts = Counter(story.fate for story in self.stories)
        stopped = Counter(story.fate for story in self.stories if story.stopped)
        return [(fate, count, count - stopped[fate], stopped[fate]) for fate, count in counts.most_common()]

    @property
    def stages(self) -> list[tuple[str, int]]:
        """How many orders reached each stage."""
        return Counter(stage for story in self.stories for stage in dict.fromkeys(story.stages)).most_common()

    @property
    def stopped(self) -> list[tuple[str, int]]:
        """What stopped orders, in the words of who did."""
        return Counter(story.stopped for story in self.stories if story.stopped).most_common()


class Lives:
    """Lets orders live. The same seed gives the same orders, fates, labels and dispositions; times differ."""

    def __init__(
        self,
        people: People,
        domains: Sequence[str],
        *,
        seed: int = 0,
        profile: str = "bookable",
        pace: float = 1.0,
        patience: float = 120.0,
        line: Line = lambda _: None,
    ) -> None:
        self._people, self._domains, self._seed, self._profile = people, domains, seed, profile
        self._pace, self._patience, self._line = pace, patience, line
        self.chronicle = Chronicle()

    async def run(self, *, rate: float, seconds: float) -> Chronicle:
        """Place `rate` orders a second for so many seconds; returns when every life has come to its end."""
        began, index = time.monotonic(), 0
        async with asyncio.TaskGroup() as lives:
            while (due := index / rate) < seconds:
                await asyncio.sleep(max(0.0, began + due - time.monotonic()))
                lives.create_task(self.one(index))
                index += 1
        return self.chronicle

    async def one(self, index: int) -> Story:
        """The life of the order with an index."""
        dice = Random(f"life:{self._seed}:{index}")
        domain = self._domains[0] if dice.random() < NORTH_SHARE else self._domains[-1]
        order = await self._people.shopper.place(domain, profile=self._profile, seed=self._seed, index=index)
        fate, life = fate_of(dice)
        story = Story(order, fate if order.kind == "book" else "waits for somebody")
        self.chronicle.stories.append(story)
        self._tell(story, "placed", story.fate)
        if order.kind != "book":
            return story
        if not (await self._people.shopper.look(order))["fulfillmentOrders"]["nodes"]:
            story.fate = "nothing to ship"
            return story
        await self._live(story, life, dice)
        return story

    async def _live(self, story: Story, life: Fate, dice: Random) -> None:
        def tell(stage: str, order: Order, words: str) -> None:
            self._tell(story, stage, words)

        try:
            await life(Scene(self._people, story.order, dice, tell, self._pace, self._patience))
        except NothingThereError:
            story.stopped = "no warehouse was asked in time"
        except (ShopRefusedError, NotPossibleError) as refused:
            story.stopped = f"{type(refused).__name__.removesuffix('Error')}: {str(refused)[:120]}"
        except httpx.HTTPError as away:
            story.stopped = f"a counterpart is away: {type(away).__name__}"
        if story.stopped:
            self._tell(story, "stopped", story.stopped)

    def _tell(self, story: Story, stage: str, words: str) -> None:
        story.stages.append(stage)
        shop = story.order.domain.partition(".")[0]
        self._line(f"{shop:<6} {story.order.name:<8} {stage:<17} {words}".rstrip())
