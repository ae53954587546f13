"""`crossdock mappings` as a data steward uses it, against a store of its own."""

from pathlib import Path

import pytest

from deployments.cli.main import main
from deployments.cli.tokens import _add
from tests.processes import ROOT


class Desk:
    """Runs commands and returns (exit code, what was printed)."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def token(self, token: str | None) -> None:
        if token is None:
            self._monkeypatch.delenv("CROSSDOCK_TOKEN", raising=False)
        else:
            self._monkeypatch.setenv("CROSSDOCK_TOKEN", token)

    def run(self, *words: str) -> tuple[int, str]:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["mappings", *words])
        printed = self._capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.setenv("CROSSDOCK_STORE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    monkeypatch.setenv("CROSSDOCK_FLOW_MAPPINGS", str(ROOT / "deployments" / "mappings"))
    made = Desk(capsys, monkeypatch)
    made.token(None)
    return made


def test_a_value_is_set_listed_and_taken_back(desk: Desk) -> None:
    code, told = desk.run("set", "items", "shop=north", "sku=MUG-9", "value=MUG", "--because", "new goods", "--dry-run")
    assert (code, "1 edits; touches of 0 open orders" in told) == (0, True)
    assert "MUG-9" not in desk.run("list", "items", "--text", "mug-9")[1]
    code, told = desk.run("set", "items", "shop=north", "sku=MUG-9", "value=MUG", "--because", "new goods")
    assert (code, "version 2" in told) == (0, True)
    assert "MUG-9" in desk.run("list", "items", "--text", "mug-9")[1]
    assert desk.run("rollback", "1", "--because", "a slip")[0] == 0
    assert "MUG-9" not in desk.run("list", "items", "--text", "mug-9")[1]
    history = desk.run("history")[1]
    assert "back to version 1: a slip" in history
    assert "seeds, loaded at the first start" in history
    assert "put    items of north, sku MUG-9 = MUG" in desk.run("show", "1")[1]


def test_a_value_is_unmapped(desk: Desk) -> None:
    code, _ = desk.run("set", "carriers", "name=dhl", "--remove", "--because", "no longer used")
    assert (code, "dhl" in desk.run("list", "carriers")[1]) == (0, False)


def test_a_tax_waits_for_another_person(desk: Desk) -> None:
    import asyncio

    tax = ("set", "taxes", "title=Harbor Levy", "rate=0.01", "value=HARBOR", "--because", "a new levy")
    code, told = desk.run(*tax)
    assert (code, "token_needed" in told) == (2, True)
    for name in ("ann", "bob"):
        asyncio.run(_add(name, f"token-of-{name}", ["approver"]))
    desk.token("token-of-ann")
    code, told = desk.run(*tax)
    assert (code, "waiting" in told, "mappings approve 1" in told) == (0, True, True)
    code, told = desk.run("approve", "1")
    assert (code, "own_change" in told) == (2, True)
    desk.token("token-of-bob")
    code, told = desk.run("approve", "1", "--note", "checked")
    assert (code, "version 2" in told, "Decided by bob: checked" in told) == (0, True, True)


def test_what_contradicts_is_refused_with_an_exit_code(desk: Desk) -> None:
    edit = ("shop=north", "location_id=9", "name=Annex", "value=DC-EAST")
    code, told = desk.run("set", "locations", *edit, "--because", "annex")
    assert (code, "DC-EAST of north would be two locations" in told) == (1, True)


def test_files_go_out_and_in_and_a_bad_line_is_named(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert desk.run("export", str(folder))[0] == 0
    assert desk.run("import", str(folder), "--because", "as it was")[1].strip() == "Nothing would change."
    items = folder / "items.csv"
    items.write_text(items.read_text().replace("*,TEE-WHI-S,,TEE-WHI-S\n", "") + "north,MUG-9,,MUG\n")
    code, told = desk.run("import", str(items), "--because", "the new season")
    assert (code, "version 2" in told) == (0, True)
    assert "TEE-WHI-S" not in desk.run("list", "items")[1]
    more = tmp_path / "kits.csv"
    more.write_text("shop,sku,item,value\nnorth,SET,MUG,2\nnorth,SET,,1\n")
    code, told = desk.run("propose", str(more), "--because", "sets")
    assert (code, "kits.csv line 3: item is empty" in told) == (2, True)
    more.write_text("shop,sku,item,value\nnorth,SET,MUG,2\n")
    assert "version 3" in desk.run("propose", str(more), "--because", "sets")[1]
    assert "SET" in desk.run("list", "kits")[1]


def test_a_clean_house_lacks_nothing(desk: Desk) -> None:
    code, told = desk.run("coverage", "--fail")
    assert (code, "Used but not mapped: none" in told) == (0, True)
