"""Replays recorded exchanges of real shops against the stand-in and says where the two agree.

`python -m tests.sandbox.shopify.replay` prints a table by domain, and the reason for every exchange that differs.

* Requested cost is compared for every exchange that has one, whatever its root fields.
* A document the shop refused outright is compared by code, path and message of each error, whatever its root fields.
* Any other exchange runs when its root fields are implemented and its starting state can be built: every id it sends
  was made by an earlier step of the same recording, or is unknown to both sides. Ids, times, cursors and order names
  may differ, everything else may not. Of what belongs to the recorded shop (settings, places) the shape is compared.
* A recording lists its steps by name, not by time: setup runs first, then what was read before, then the rest, then
  what reads the result, then deleting, then cleaning up.
"""

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from deployments.sandbox.shopify.blobs import Blobs
from deployments.sandbox.shopify.buckets import PLANS, Bucket
from deployments.sandbox.shopify.bulk_runner import BulkPace, BulkRunner
from deployments.sandbox.shopify.domains import DOMAINS, WORK
from deployments.sandbox.shopify.execution import Engine, Request, is_mutation
from deployments.sandbox.shopify.jobs import Jobs
from deployments.sandbox.shopify.records import Record, gid_type
from deployments.sandbox.shopify.registry import Call, combine
from deployments.sandbox.shopify.schema import DATA, published
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.tokens import App
from deployments.sandbox.shopify.uploads import keep_target, receive
from tests.sandbox.shopify.comparison import (
    INCOMPLETE,
    OWN_ROOTS,
    Comparison,
    IncompleteRecordingError,
    errors_beside_data,
    refusals,
)
from tests.sandbox.shopify.replay_order import Step, lost, phase

SHOP = "recorded-shop.myshopify.com"
RECORDED_APP = 347082227713  # as the namespace of its own metafields shows
# What a root speaks of by an id made elsewhere: variants that are ordered, products that get metafields, items and
# places whose stock changes.
GOODS = {
    "orderCreate": ("ProductVariant",),
    "fulfillmentOrderMove": ("Location",),
    "orderEditAddVariant": ("ProductVariant",),
    "metafieldsSet": ("Product",),
    "inventoryActivate": ("InventoryItem", "Location"),
    "inventoryAdjustQuantities": ("InventoryItem", "Location"),
    "inventoryMoveQuantities": ("InventoryItem", "Location"),
}
_UNFINISHED = re.compile(r'"status":"(RUNNING|CANCELING)","type":"(QUERY|MUTATION)"')
_GID = re.compile(r"gid://[a-z]+/\w+/[\w-]+(?:\?[\w=&]+)?")
_SAID_MISSING = re.compile(r"does not exist|not found|can't be found|Invalid id|Unable to find")
# Records that are there only because somebody asked for them; if no recorded step did, another one made them.
_ON_PURPOSE = frozenset({"MediaImage", "Metafield", "MetafieldDefinition"})


@dataclass(frozen=True)
class Verdict:
    """What became of one exchange: agree, shape, differ or not applicable, and why."""

    domain: str
    source: str
    step: str
    outcome: str
    reason: str = ""
    cost_equal: bool | None = None


def exchanges() -> list[Step]:
    """The recorded exchanges."""
    lines = gzip.decompress((DATA / "recorded-2026-04.jsonl.gz").read_bytes()).splitlines()
    return [orjson.loads(line) for line in lines]


def recorded_scopes(recorded: list[Step]) -> frozenset[str]:
    """The scopes the recording app had, as one of the recordings lists them."""
    for one in recorded:
        installation = (one["response"].get("data") or {}).get("currentAppInstallation") or {}
        if installation.get("accessScopes"):
            return frozenset(scope["handle"] for scope in installation["accessScopes"])
    raise LookupError("no recording lists the scopes of its app")


def replay() -> list[Verdict]:
    """Replay everything; one fresh shop a source."""
    recorded = exchanges()
    engine = Engine(published(), combine(DOMAINS))
    scopes = recorded_scopes(recorded)
    by_source: dict[str, list[Step]] = defaultdict(list)
    for one in recorded:
        by_source[one["source"]].append(one)
    return [verdict for steps in by_source.values() for verdict in Session(engine, scopes).run(steps)]


class Session:
    """One source against one fresh shop."""

    def __init__(self, engine: Engine, scopes: frozenset[str]) -> None:
        domain = combine(DOMAINS)
        self._engine = engine
        self._now = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
        self._state = State(clock=lambda: self._now)
        for type_name, completer in domain.completers.items():
            self._state.on_add(type_name, completer)
        self._jobs = Jobs(self._state, WORK)
        self._blobs = Blobs()
        self._bulk = BulkRunner(self._state, engine, self._blobs, self._call_of, BulkPace())
        self._roots = {*domain.queries, *domain.mutations}
        self._app, self._scopes = App("recorded", "secret", scopes, number=RECORDED_APP), scopes
        self._comparison = Comparison()
        self._changed_elsewhere: dict[str, str] = {}
        self._state.add_shop(SHOP, {"currencyCode": "CAD"})
        self._state.add(SHOP, "Location", {"name": "Shop location", "address": {"countryCode": "CA"}}, topics=())

    def run(self, steps: list[Step]) -> Iterator[Verdict]:
        """Replay the steps; the clock moves on a minute after each, so that jobs are done."""
        self._told = {one for step in steps if self._writes(step) for one in _gids(step["response"].get("data"))}
        self._foreign = [step for step in steps if not set(step["roots"]) <= self._roots and "data" in step["response"]]
        waiting = sorted(steps, key=phase)
        while waiting:
            step = next((one for one in waiting if not self._waits(one, waiting)), waiting[0])
            waiting.remove(step)
            yield self._step(step)
            self._now += timedelta(minutes=1)
            self._jobs.run_due()

    def _waits(self, step: Step, waiting: list[Step]) -> bool:
        """Whether another step that has not run makes what this one speaks of, and finds."""
        if "data" not in step["response"] or _says_missing(step["response"]["data"]):
            return False
        unknown = {one for one in _gids(step["variables"]) if one not in self._comparison.ids}
        makers = (one for one in waiting if one is not step and self._writes(one)) if unknown else ()
        return any(unknown & set(_gids(one["response"].get("data"))) - set(_gids(one["variables"])) for one in makers)

    def answer(self, step: Step) -> dict[str, Any]:
        """What the stand-in answers to a step."""
        call = self._call_of(SHOP, self._app.client_id, "2026-10")
        request = Request(step["query"], self._comparison.translated(step["variables"]))
        return self._engine.answer(call, request, Bucket(PLANS["plus"]), "recorded")

    def _call_of(self, shop: str, _client_id: str, version: str) -> Call:
        return Call(self._state, shop, self._app, self._scopes, version)

    def _step(self, step: Step) -> Verdict:
        self._stock_shelves(step)
        self._follow_bulk(step)
        obstacle = self._obstacle(step)
        answer = self.answer(step)
        outcome, reason = ("not applicable", obstacle) if obstacle else self._outcome(step, answer)
        cost = _cost_equal(step["response"], answer)
        return Verdict(step["domain"], step["source"], step["step"], outcome, reason, cost)

    def _stock_shelves(self, step: Step) -> None:
        """Keep plain goods and places where only their id shows."""
        for root in GOODS.keys() & set(step["roots"]):
            for recorded_id in _gids(step["variables"]):
                kind = gid_type(recorded_id)
                if kind in GOODS[root] and recorded_id not in self._comparison.ids:
                    self._comparison.ids[recorded_id] = self._plain_goods(kind)

    def _follow_bulk(self, step: Step) -> None:
        """Send the file an operation was started with, and let operations run when the recording says they have."""
        answer = orjson.dumps(step["response"]).decode()
        path = step["variables"].get("path")
        accepted = '"bulkOperation":{' in answer or "OPERATION_IN_PROGRESS" in answer
        if "bulkOperationRunMutation" in step["roots"] and path and accepted:
            keep_target(self._state, SHOP, path, "text/jsonl", "BULK_MUTATION_VARIABLES")
            receive(self._state, self._blobs, path, b"{}")
        if '"status":"COMPLETED"' in answer:
            self._bulk.advance(5)

    def _plain_goods(self, type_name: str) -> str:
        if type_name == "Location":
            return str(self._state.add(SHOP, "Location", {"name": "My Custom Location"}, topics=())["id"])
        product = self._state.add(SHOP, "Product", {"title": "Any product"}, topics=())
        variant = {"product": {"id": product["id"]}, "price": "1.00"}
        kept = self._state.add(SHOP, "ProductVariant", variant, topics=())
        goods = {"Product": product, "ProductVariant": kept, "InventoryItem": kept["inventoryItem"]}
        return str(goods[type_name]["id"])

    def _outcome(self, step: Step, answer: dict[str, Any]) -> tuple[str, str]:
        wanted = step["response"]
        if "data" not in wanted:
            difference = refusals(wanted["errors"], answer.get("errors", []))
            return ("differ", difference) if difference else ("agree", "")
        try:
            difference = self._comparison.data(wanted["data"], answer.get("data"))
        except IncompleteRecordingError:
            return "not applicable", INCOMPLETE
        difference = difference or errors_beside_data(wanted.get("errors"), answer.get("errors"))
        if difference:
            return "differ", difference
        return ("shape" if set(step["roots"]) & OWN_ROOTS else "agree"), ""

    def _obstacle(self, step: Step) -> str:
        """Why a step cannot be replayed; empty when it can."""
        response = step["response"]
        if "data" not in response:
            return ""
        if what := lost(step):
            return f"a step before it is not recorded: {what}"
        missing = sorted(set(step["roots"]) - self._roots)
        if missing:
            return f"not implemented yet: {', '.join(missing)}"
        if self._incomplete(step):
            return "recorded without its variables or operation name"
        if _UNFINISHED.search(orjson.dumps(response).decode()):
            return "how far a bulk operation had come when it was asked is a matter of time"
        return self._made_elsewhere(step) or self._changed_by_others(step)

    def _incomplete(self, step: Step) -> bool:
        prepared = self._engine.prepare(step["query"])
        operation = prepared.operation(None) if prepared.document else None
        if operation is None:
            return True
        return bool(operation.variable_definitions) and not step["variables"] and not _is_optional(operation)

    def _made_elsewhere(self, step: Step) -> str:
        data = step["response"]["data"]
        known = self._comparison.ids
        sent = [one for one in _gids(step["variables"]) if one not in known]
        writes = self._writes(step)
        outside = "its starting state was made outside the recording: "
        text = orjson.dumps(data).decode()
        if sent and (not _says_missing(data) or any(one in text for one in sent)):
            return outside + ", ".join(sorted({gid_type(one) or one for one in sent}))
        unmade = {str(gid_type(one)) for one in _gids(data) if one not in self._told} & _ON_PURPOSE
        if not writes and unmade:
            return outside + ", ".join(sorted(unmade))
        if not writes and not set(step["roots"]) & OWN_ROOTS:
            listed = {gid_type(one) or one for one in _gids(data) if one not in known}
            if listed and not _gids(step["variables"]):
                return outside + ", ".join(sorted(listed))
        return ""

    def _writes(self, step: Step) -> bool:
        prepared = self._engine.prepare(step["query"])
        operation = prepared.operation(None) if prepared.document else None
        return operation is not None and is_mutation(operation)

    def _changed_by_others(self, step: Step) -> str:
        """A record that a step with an unimplemented root changes is not what the recording says."""
        mine = {self._root_of(one) for one in _gids(step["variables"]) if one in self._comparison.ids}
        if not mine:
            return ""
        for other in self._foreign:
            prepared = self._engine.prepare(other["query"])
            operation = prepared.operation(None) if prepared.document else None
            if operation is None or not is_mutation(operation) or phase(other) > phase(step):
                continue
            theirs = {self._root_of(one) for one in _gids(other["variables"]) if one in self._comparison.ids}
            if mine & theirs:
                return f"its state is changed by what is not implemented yet: {', '.join(other['roots'])}"
        return ""

    def _root_of(self, recorded_id: str) -> str:
        own = self._comparison.ids[recorded_id]
        record: Record = self._state.get(SHOP, own) or {}
        owner = self._state.owner(SHOP, own) or record
        return str(owner.get("orderId") or owner.get("id") or own)


def _is_optional(operation: Any) -> bool:
    return all(one.type.kind != "non_null_type" for one in operation.variable_definitions)


def _says_missing(data: Any) -> bool:
    """Whether an answer says that a record is not there: a null root, a null among nodes, or a user error in words."""
    text = orjson.dumps(data).decode()
    values = list(data.values()) if isinstance(data, dict) else []
    nulls = any(value is None or (isinstance(value, list) and None in value) for value in values)
    return nulls or bool(_SAID_MISSING.search(text))


def _gids(value: Any) -> list[str]:
    return _GID.findall(orjson.dumps(value).decode())


def _cost_equal(wanted: dict[str, Any], answer: dict[str, Any]) -> bool | None:
    recorded = ((wanted.get("extensions") or {}).get("cost") or {}).get("requestedQueryCost")
    ours = ((answer.get("extensions") or {}).get("cost") or {}).get("requestedQueryCost")
    return None if recorded is None else recorded == ours


def table(verdicts: list[Verdict]) -> str:
    """The outcome by domain, a line for every exchange that differs, and the reasons why others do not apply."""
    rows = [f"{'domain':24}{'cost equal':>12}{'agree':>8}{'shape':>8}{'differ':>8}{'not applicable':>16}"]
    for name in [*sorted({one.domain for one in verdicts}), "all"]:
        mine = [one for one in verdicts if name in (one.domain, "all")]
        priced = [one for one in mine if one.cost_equal is not None]
        counts = Counter(one.outcome for one in mine)
        figures = "".join(f"{counts[outcome]:>8}" for outcome in ("agree", "shape", "differ"))
        cost = f"{sum(bool(one.cost_equal) for one in priced)}/{len(priced)}"
        rows.append(f"{name:24}{cost:>12}{figures}{counts['not applicable']:>16}")
    rows += ["", "differ:"]
    rows += [f"  {one.source} {one.step}: {one.reason[:300]}" for one in verdicts if one.outcome == "differ"]
    rows += ["", "not applicable:"]
    reasons = Counter(one.reason for one in verdicts if one.outcome == "not applicable")
    return "\n".join([*rows, *(f"  {count:4} {reason}" for reason, count in reasons.most_common())])


if __name__ == "__main__":
    print(table(replay()))
