"""Master data is asked for once a batch, remembered for a while, and asked for again when it was missing or is old."""

from typing import Any

import pytest

from canonical.errors import MisconfiguredError
from connectors.tryton import directory as module
from connectors.tryton.directory import Directory
from tests.contract.erp.documents import document


class Master:
    """Stands for the client: answers searches from a table, and writes down what was asked."""

    def __init__(self) -> None:
        shop = {"id": 1, "name": "north.example.com", "company": 10, "currency": 20, "currency.": {"code": "USD"}}
        self.rows: dict[str, list[dict[str, Any]]] = {
            "web.shop": [shop],
            "stock.location": [{"id": 300, "code": "DC-EAST"}],
        }
        self.asked: list[tuple[str, list[str]]] = []

    async def read(self, method: str, domain: list[Any], *_: Any) -> list[dict[str, Any]]:
        model = method.removeprefix("model.").removesuffix(".search_read")
        field, _, codes = domain[0]
        self.asked.append((model, codes))
        return [row for row in self.rows.get(model, []) if row[field] in codes]

    def times(self, model: str) -> int:
        return sum(asked == model for asked, _ in self.asked)


@pytest.fixture
def master() -> Master:
    return Master()


@pytest.fixture
def directory(master: Master) -> Directory:
    return Directory(master, {"north": "north.example.com"})  # type: ignore[arg-type]


async def test_what_was_found_is_not_asked_for_again(directory: Directory, master: Master) -> None:
    for _ in range(3):
        known = await directory.references([document(), document()])
    assert known.warehouses == {"DC-EAST": 300}
    assert (master.times("stock.location"), master.times("web.shop")) == (1, 1)


async def test_what_was_missing_is_asked_for_again_so_that_adding_it_is_enough(
    directory: Directory, master: Master
) -> None:
    assert (await directory.references([document(warehouse="NEW")])).warehouses == {}
    master.rows["stock.location"].append({"id": 301, "code": "NEW"})
    assert (await directory.references([document(warehouse="NEW")])).warehouses == {"NEW": 301}


async def test_what_is_old_is_asked_for_again(
    directory: Directory, master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    await directory.references([document()])
    monkeypatch.setattr(module, "REMEMBERED_SECONDS", -1.0)
    await directory.references([document()])
    assert master.times("stock.location") == 2


async def test_a_web_shop_that_is_missing_is_a_wrong_setting_named(master: Master) -> None:
    with pytest.raises(MisconfiguredError, match=r"east\.example\.com"):
        await Directory(master, {"east": "east.example.com"}).shops()  # type: ignore[arg-type]
