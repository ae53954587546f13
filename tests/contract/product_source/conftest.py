"""Three product sources: Tryton and Lambda ERP as processes, and a feed of files. Each with somebody who changes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from canonical.ports import ProductSource
from canonical.ports.products import ProductReport
from connectors.feed.settings import FeedSettings
from connectors.feed.source import open_feed
from connectors.lambda_erp.products import open_products as open_items
from connectors.lambda_erp.settings import LambdaErpSettings
from connectors.tryton.products import open_products
from connectors.tryton.settings import TrytonSettings
from deployments.sandbox.feeds.write import write
from deployments.sandbox.lambda_erp.desk import LambdaDesk
from deployments.sandbox.lambda_erp.seed import API_KEY
from deployments.sandbox.tryton.desk import TrytonDesk
from deployments.sandbox.tryton.seed.access import PASSWORD
from tests.counterparts import TRYTON_DATABASE, lambda_erp, tryton


class Desk(Protocol):
    """Who masters products."""

    def deactivate(self, sku: str) -> None: ...
    def reprice(self, sku: str, amount: str) -> None: ...


class FeedDesk:
    """Who writes the files of a feed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = write(folder)

    def deactivate(self, sku: str) -> None:
        self._change(sku, lambda item, _: item.update(status="archived"))

    def reprice(self, sku: str, amount: str) -> None:
        self._change(sku, lambda _, variant: variant.update(price=f"{amount} USD"))

    def _change(self, sku: str, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
        items = [json.loads(line) for line in self._file.read_text().splitlines()]
        for item in items:
            for variant in item["variants"]:
                if variant["sku"] == sku:
                    change(item, variant)
        self._file.write_text("".join(f"{json.dumps(item)}\n" for item in items))


@dataclass
class Counterpart:
    """A source, and who changes what it tells. `products`: how many the sandbox has; `merges`: has variants."""

    name: str
    desk: Desk
    open: Callable[[], ProductSource]
    away: Callable[[], ProductSource]
    products: int
    templates: bool = True


@pytest.fixture(scope="session", params=["tryton", "lambda_erp", "feed"])
def counterpart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterpart]:
    workspace = tmp_path_factory.mktemp(request.param)
    if request.param == "tryton":
        with tryton(workspace) as process, TrytonDesk(process.url) as desk:
            yield Counterpart("tryton", desk, lambda: _tryton(process.url), lambda: _tryton(NOWHERE), products=40)
    elif request.param == "lambda_erp":
        with lambda_erp(workspace) as process, LambdaDesk(process.url) as clerk:
            away, here = (lambda: _items(NOWHERE)), (lambda: _items(process.url))
            yield Counterpart("lambda_erp", clerk, here, away, products=76, templates=False)
    else:
        url = f"{workspace}/pim"
        nowhere = {"url": "sftp://127.0.0.1:9/pim"}
        yield Counterpart("feed", FeedDesk(Path(url)), lambda: _feed(url=url), lambda: _feed(**nowhere), products=41)


NOWHERE = "http://127.0.0.1:9"


def _tryton(url: str) -> ProductSource:
    settings = TrytonSettings(url=f"{url}/{TRYTON_DATABASE}", login="connector-north", password=PASSWORD)
    return open_products("erp", "north", settings)


def _items(url: str) -> ProductSource:
    return open_items("erp", "north", LambdaErpSettings(url=url, company="NORTH", api_key=API_KEY))


def _feed(**settings: Any) -> ProductSource:
    return open_feed("pim", FeedSettings(**settings))


@pytest.fixture
async def source(counterpart: Counterpart) -> AsyncIterator[ProductSource]:
    opened = counterpart.open()
    yield opened
    await opened.aclose()


async def changes(source: ProductSource, cursor: str | None) -> ProductReport:
    """Everything since the cursor, as one report."""
    parts = [part async for part in source.changes(cursor)]
    assert parts, "a poll tells at least where it stands"
    assert all(len(part.products) <= 500 for part in parts)
    assert parts[-1].cursor is not None
    products = tuple(product for part in parts for product in part.products)
    return ProductReport(products, tuple(error for part in parts for error in part.errors), parts[-1].cursor)
