"""The README and the table of promises are true: what they name exists."""

import re
from pathlib import Path

import pytest
import yaml

from canonical.rules.lifecycle.pieces import TAKEN_BACK
from canonical.rules.lifecycle.returns.freezing import OVER_PAYMENT
from canonical.rules.lifecycle.undoing import PICKUP_EXPIRED
from deployments.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
RUNBOOKS = "\n".join(path.read_text() for path in (ROOT / "deployments" / "runbooks").glob("*.md"))
PROMISES = (ROOT / "tests" / "README.md").read_text()
MAKE = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def commands() -> set[str]:
    """Every command as people type it: `holds list`."""
    found: set[str] = set()
    for name in app:
        if name.startswith("-"):
            continue
        below = [sub for sub in app[name] if not sub.startswith("-")]
        found |= {f"{name} {sub}" for sub in below} or {name}
    return found


@pytest.mark.parametrize("text", [README, RUNBOOKS, PROMISES], ids=["README", "runbooks", "promises"])
def test_every_command_named_exists(text: str) -> None:
    known = commands()
    named = re.findall(r"crossdock ((?:[a-z]+)(?: [a-z]+)?)", text)
    unknown = [n for n in named if n not in known and n.split(" ", 1)[0] not in known]
    assert unknown == []


@pytest.mark.parametrize("text", [README, RUNBOOKS, PROMISES], ids=["README", "runbooks", "promises"])
def test_every_make_target_named_exists(text: str) -> None:
    assert set(re.findall(r"`make ([a-z]+)", text)) - set(MAKE) == set()


def test_the_table_of_flows_is_the_deployments() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    declared = {f"{d['entrypoint'].split(':')[1].replace('_', '-')}/{d['name']}" for d in deployments}
    named = set(re.findall(r"^\| `([a-z-]+/[a-z-]+)` \|", README, re.MULTILINE))
    assert named == declared


def test_every_file_named_exists() -> None:
    named = re.findall(r"`((?:canonical|connectors|flows|deployments|tests)/[A-Za-z0-9_./*-]*)`", README + PROMISES)
    missing = [n for n in named if "<" not in n and not list(ROOT.glob(n.rstrip("/")))]
    assert missing == []


def test_every_test_named_by_a_promise_exists() -> None:
    named = re.findall(r"`(tests/[a-z0-9_/.]+\.py)::([a-z0-9_]+)`", PROMISES)
    missing = [f"{f}::{t}" for f, t in named if f"def {t}(" not in (ROOT / f).read_text()]
    assert named
    assert missing == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(p.name[:4]) for p in (ROOT / "canonical" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_reason_that_a_life_waits_for_is_in_a_runbook() -> None:
    """The codes as the rules write them; those of refusals come from systems and are quoted, not listed."""
    rules = "\n".join(path.read_text() for path in (ROOT / "canonical" / "rules" / "lifecycle").rglob("*.py"))
    said = re.findall(r'(?:draft\.wait|Waits)\(\s*"([a-z_]+)"', rules)
    codes = {*said, OVER_PAYMENT, PICKUP_EXPIRED, TAKEN_BACK}
    assert len(codes) > 30
    assert sorted(code for code in codes if f"`{code}`" not in RUNBOOKS) == []
