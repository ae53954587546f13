"""`crossdock sandbox order`: orders placed in a running stand-in, over HTTP."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from deployments.sandbox.shopify.webhooks.command import answer_of

PER_REQUEST = 200
_RATE = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(/\s*(?P<unit>s|sec|second|m|min|minute|h|hour))?")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
Progress = Callable[[int], None]


class InvalidRateError(ValueError):
    """A rate that is not `20/s`, `600/min`, `5000/h` or a number of orders a second."""


@dataclass(slots=True)
class Summary:
    """What was placed: counts by expected kind and by reason, and the orders' names in order."""

    shop: str = ""
    placed: int = 0
    seconds: float = 0.0
    expected: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Orders a second, as measured."""
        return self.placed / self.seconds if self.seconds else 0.0


def parse_rate(text: str | None) -> float | None:
    """Orders a second out of `20/s`, `600/min` or `20`; None (no limit) stays None. Raises InvalidRateError."""
    if text is None:
        return None
    match = _RATE.fullmatch(text.strip())
    if match is None or not float(match["number"]):
        raise InvalidRateError(f"{text!r} is no rate; write 20/s, 600/min or 5000/h")
    return float(match["number"]) / _SECONDS[(match["unit"] or "s")[0]]


async def place_orders(
    base_url: str,
    *,
    count: int = 1,
    rate: float | None = None,
    profile: str = "bookable",
    seed: int = 0,
    shop: str | None = None,
    start: int = 0,
    on_progress: Progress | None = None,
) -> Summary:
    """Place orders in a running stand-in, at a rate if given; `on_progress` hears how many were placed so far.

    The same seed and start give the same orders. Raises SandboxRefusedError, httpx.HTTPError.
    """
    summary, began = Summary(), time.monotonic()
    at_once = PER_REQUEST if rate is None else max(1, min(PER_REQUEST, round(rate)))
    async with httpx.AsyncClient(base_url=base_url, timeout=120, trust_env=False) as client:
        while summary.placed < count:
            if rate:
                await asyncio.sleep(max(0.0, began + summary.placed / rate - time.monotonic()))
            wish = {"count": min(at_once, count - summary.placed), "profile": profile, "seed": seed}
            wish |= {"start": start + summary.placed, "rate": rate, "shop": shop}
            _add(summary, answer_of(await client.post("/_sandbox/orders/generate", json=wish)))
            if on_progress is not None:
                on_progress(summary.placed)
    summary.seconds = time.monotonic() - began
    return summary


def _add(summary: Summary, answer: dict[str, Any]) -> None:
    summary.shop = answer["shop"]
    summary.placed += answer["total"]
    summary.expected.update(answer["expected"])
    summary.reasons.update(answer["reasons"])
    summary.names.extend(order["order_name"] for order in answer["orders"])
