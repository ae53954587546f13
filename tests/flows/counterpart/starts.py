"""The table flow x start: every deployment of `prefect.yaml` with each way of starting it, typed by hand.

A deployment or a way to start one that has no row here fails `tests/flows/test_table_of_starts.py`;
`test_starts.py` walks every row against the running house.
"""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from tests.processes import ROOT

ORDER, SKU = "{order}", "WALLET-LTH"
"""The name of an order that is shipped and returned; an item of the catalogue."""


@dataclass(frozen=True)
class Row:
    """A deployment and its starts. Every one is started in the Prefect UI, too; `given` are then the parameters.

    `commands`: what `README.md` names, with the arguments of a rerun. `events`: what wakes it. `schedules`: slugs.
    """

    deployment: str
    given: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()


TABLE: Final = (
    Row("order-ingestion/drain", events=("crossdock.inbox.orders",), schedules=("sweep",)),
    Row("order-ingestion/ingest", commands={"crossdock orders ingest": ("--name", ORDER, "--shop", "north")}),
    Row("order-poll/poll", schedules=("poll",)),
    Row("data-readiness/doctor", commands={"crossdock doctor": ()}),
    Row("inventory-publication/drain", events=("crossdock.inbox.stock.*",), schedules=("stock-sweep",)),
    Row("inventory-publication/publish", commands={"crossdock stock publish": ("--sku", SKU, "--shop", "north")}),
    Row("stock-poll/poll", schedules=("stock-poll",)),
    Row("stock-reconciliation/reconcile", commands={"crossdock stock reconcile": ()}, schedules=("nightly",)),
    Row("stock-approval/approval", given={"approval": "stock-approval/approval"}),
    Row("product-sync/drain", events=("crossdock.inbox.products",), schedules=("product-sweep",)),
    Row("product-sync/sync", commands={"crossdock products sync": ("--key", SKU, "--shop", "north")}),
    Row("product-poll/poll", schedules=("product-poll", "product-nightly")),
    Row("product-approval/approval", given={"approval": "product-approval/approval"}),
    Row(
        "fulfillment/drain",
        events=("crossdock.inbox.fulfillment", "crossdock.inbox.warehouse"),
        schedules=("fulfillment-sweep",),
    ),
    Row(
        "fulfillment/look",
        commands={"crossdock lives look": (ORDER, "--shop", "north")},
    ),
    Row("fulfillment-comparison/compare", commands={"crossdock lives compare": ()}, schedules=("lives-nightly",)),
    Row("warehouse-poll/poll", schedules=("warehouse-poll",)),
    Row("returns/drain", events=("crossdock.inbox.returns",), schedules=("returns-sweep",)),
    Row("returns-poll/poll", schedules=("returns-poll",)),
    Row("refund-approval/approval", given={"approval": "refund-approval/approval"}),
)
APPROVALS: Final = tuple(row.deployment for row in TABLE if row.given)
"""Started by a run that met the approval; by hand they are given its number."""


@dataclass(frozen=True)
class Declared:
    """What `prefect.yaml` says of a deployment."""

    triggers: Mapping[str, tuple[str, ...]]
    schedules: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Any]

    @property
    def events(self) -> set[str]:
        """The events of all triggers."""
        return {event for expected in self.triggers.values() for event in expected}


def declared() -> dict[str, Declared]:
    """Every deployment of `prefect.yaml`, under the name that Prefect gives it: flow/deployment."""
    rows = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    return {f"{_flow_of(row['entrypoint'])}/{row['name']}": _declared(row) for row in rows}


def _declared(row: Mapping[str, Any]) -> Declared:
    return Declared(
        triggers={trigger["name"]: tuple(trigger["expect"]) for trigger in row.get("triggers", ())},
        schedules={schedule["slug"]: schedule for schedule in row.get("schedules", ())},
        parameters=row["parameters"],
    )


def _flow_of(entrypoint: str) -> str:
    path, _, function = entrypoint.partition(":")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    return str(getattr(module, function).name)


@dataclass(frozen=True)
class Told:
    """What `README.md` says starts a deployment."""

    events: frozenset[str]
    commands: frozenset[str]
    words: str


def told() -> dict[str, Told]:
    """The table of `README.md`, "The flows"."""
    _, _, rest = (ROOT / "README.md").read_text().partition("\n## The flows\n")
    section, _, _ = rest.partition("\n## ")
    rows = re.findall(r"^\| `([^`]+)` \| (?:[^|]+) \| ([^|]+) \|$", section, re.MULTILINE)
    return {name: _told(words) for name, words in rows}


def _told(words: str) -> Told:
    quoted = re.findall(r"`([^`]+)`", words)
    events = frozenset(re.sub(r"<\w+>", "*", text) for text in quoted if text.startswith("crossdock.inbox."))
    commands = frozenset(text for text in quoted if text.split()[0] in ("crossdock", "prefect"))
    return Told(events, commands, words)
