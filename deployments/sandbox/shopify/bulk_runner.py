"""Runs bulk operations a slice at a time, so that the stand-in answers others in between.

Operations are records: a restarted stand-in goes on with the line after the last one it did. A query starts again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import orjson

from deployments.sandbox.shopify.blobs import Blobs
from deployments.sandbox.shopify.bulk_lines import Window, lines_of
from deployments.sandbox.shopify.execution import Engine, Request
from deployments.sandbox.shopify.records import Record, gid_tail, iso
from deployments.sandbox.shopify.registry import Call
from deployments.sandbox.shopify.state import Change, State

TYPE = "BulkOperation"
RESULTS_PATH = "/_bulk"
RUNNING = ("CREATED", "RUNNING", "CANCELING")
FINISHED = ("COMPLETED", "FAILED", "CANCELED")
FINISH_TOPIC = "bulk_operations/finish"
CHUNK = 250
# Seconds of its pace an operation may be ahead.
HEADSTART = 0.05
KEPT = timedelta(days=7)
SWEEP = timedelta(minutes=1)
# Shop, client id and version -> who asks.
CallMaker = Callable[[str, str, str], Call]


@dataclass(slots=True)
class BulkPace:
    """How fast operations run. `fail_after_rows` lets the next one break there, once."""

    rows_a_second: float = 20_000.0
    start_seconds: float = 0.1
    fail_after_rows: int | None = None


class BulkRunner:
    """Does the work of all open operations, in turn."""

    def __init__(self, state: State, engine: Engine, blobs: Blobs, make_call: CallMaker, pace: BulkPace) -> None:
        self.pace = pace
        self._state, self._engine, self._blobs, self._make_call = state, engine, blobs, make_call
        self._windows: dict[str, Window] = {}
        self._inputs: dict[str, list[bytes]] = {}
        self._swept = state.clock()
        self._open: dict[tuple[str, str], None] = {
            (shop, one["id"]): None for shop in state.shops for one in state.all(shop, TYPE) if one["status"] in RUNNING
        }
        state.on_change(self._notice)

    def _notice(self, change: Change) -> None:
        if change.record_type != TYPE:
            return
        place = (change.shop, change.record["id"])
        if change.record["status"] in RUNNING:
            self._open.setdefault(place)
        else:
            self._open.pop(place, None)

    def advance(self, seconds: float = 0.02) -> bool:
        """Work for about so long; whether there is more that could be done at once."""
        self._expire()
        until = perf_counter() + seconds
        busy = False
        for shop, operation_id in list(self._open):
            busy = self._serve(shop, operation_id, until) or busy
        return busy

    def _serve(self, shop: str, operation_id: str, until: float) -> bool:
        """Work on one operation; whether it could go on at once. Each gets at least one turn a slice."""
        while (operation := self._state.get(shop, operation_id)) is not None and operation["status"] in RUNNING:
            if not self._turn(shop, operation):
                return False
            if perf_counter() >= until:
                return True
        return False

    def _turn(self, shop: str, operation: Record) -> bool:
        """One step of an operation; False when it has to wait."""
        now = self._state.clock()
        if operation["status"] == "CANCELING":
            self._finish(shop, operation, "CANCELED")
        elif operation["status"] == "CREATED":
            if now < datetime.fromisoformat(operation["submittedAt"]) + timedelta(seconds=self.pace.start_seconds):
                return False
            result = f"bulk-{gid_tail(operation['id'])}.jsonl"
            started = {"status": "RUNNING", "startedAt": now.isoformat(), "result": result}
            self._state.update(shop, operation["id"], started, topics=())
        else:
            running = (now - datetime.fromisoformat(operation["startedAt"])).total_seconds() + HEADSTART
            if operation["done"] > running * self.pace.rows_a_second:
                return False
            self._work(shop, operation)
        return True

    def _work(self, shop: str, operation: Record) -> None:
        limit = self.pace.fail_after_rows
        if limit is not None and operation["done"] >= limit:
            self.pace.fail_after_rows = None
            self._finish(shop, operation, "FAILED", "INTERNAL_SERVER_ERROR")
        elif operation["type"] == "QUERY":
            self._read_chunk(shop, operation)
        else:
            self._do_line(shop, operation)

    def _read_chunk(self, shop: str, operation: Record) -> None:
        window = self._windows.get(operation["id"])
        if window is None:
            window = self._windows[operation["id"]] = Window(CHUNK)
            operation = {**operation, "done": 0, "written": 0, "roots": 0}
        call = self._make_call(shop, operation["clientId"], operation["version"])
        call.window = window
        body = self._engine.run_free(call, Request(operation["query"], {}), operation["id"])
        if body.get("errors"):
            codes = {(error.get("extensions") or {}).get("code") for error in body["errors"]}
            code = "ACCESS_DENIED" if "ACCESS_DENIED" in codes else "INTERNAL_SERVER_ERROR"
            self._finish(shop, operation, "FAILED", code)
            return
        rows = list(lines_of(body["data"]))
        written = self._append(operation, b"".join(orjson.dumps(row) + b"\n" for row, _ in rows))
        roots = operation.get("roots", 0) + sum(root for _, root in rows)
        operation = self._progress(shop, operation, operation["done"] + len(rows), written, roots)
        if window.over:
            self._finish(shop, operation, "COMPLETED")

    def _do_line(self, shop: str, operation: Record) -> None:
        """One line of the input: its effect and the note that it is done are one commit."""
        given = self._input(operation)
        place = operation["done"]
        if place >= len(given):
            self._finish(shop, operation, "COMPLETED")
            return
        with self._state.action():
            row = {**self._run_line(shop, operation, given[place]), "__lineNumber": place}
            written = self._append(operation, orjson.dumps(row) + b"\n")
            self._progress(shop, operation, place + 1, written, place + 1)

    def _run_line(self, shop: str, operation: Record, line: bytes) -> dict[str, Any]:
        try:
            variables = orjson.loads(line)
        except orjson.JSONDecodeError:
            return {"errors": [{"message": "The line is not valid JSON."}]}
        if not isinstance(variables, dict):
            return {"errors": [{"message": "The line is not a JSON object of variables."}]}
        call = self._make_call(shop, operation["clientId"], operation["version"])
        return self._engine.run_free(call, Request(operation["query"], variables), operation["id"])

    def _input(self, operation: Record) -> list[bytes]:
        if operation["id"] not in self._inputs:
            content = self._blobs.get(operation["upload"]) or b""
            self._inputs[operation["id"]] = [line for line in content.splitlines() if line.strip()]
        return self._inputs[operation["id"]]

    def _append(self, operation: Record, content: bytes) -> int:
        if not content:
            return int(operation["written"])
        return self._blobs.append(operation["result"], content, at=operation["written"])

    def _progress(self, shop: str, operation: Record, done: int, written: int, roots: int) -> Record:
        counts = {"objectCount": str(done), "rootObjectCount": str(roots), "roots": roots}
        return self._state.update(shop, operation["id"], {"done": done, "written": written, **counts}, topics=())

    def _finish(self, shop: str, operation: Record, status: str, error_code: str | None = None) -> None:
        self._windows.pop(operation["id"], None)
        self._inputs.pop(operation["id"], None)
        ended = {
            "status": status,
            "errorCode": error_code,
            # As recorded, one that was canceled never completed.
            "completedAt": iso(self._state.clock()) if status != "CANCELED" else None,
            "endedAt": self._state.clock().isoformat(),
            "fileSize": str(operation["written"]) if operation["written"] else None,
        }
        self._state.update(shop, operation["id"], ended, topics=(FINISH_TOPIC,))

    def _expire(self) -> None:
        """Drop results a week after their operation ended."""
        now = self._state.clock()
        if now < self._swept + SWEEP:
            return
        self._swept = now
        for shop in self._state.shops:
            for one in self._state.all(shop, TYPE):
                if one["status"] in FINISHED and datetime.fromisoformat(one["endedAt"]) <= now - KEPT:
                    self._blobs.drop(one.get("result", ""))
                    self._state.update(shop, one["id"], {"status": "EXPIRED"}, topics=())
