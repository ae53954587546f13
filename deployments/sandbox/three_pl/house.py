"""The people of the 3PL and their book. Every act is a file; files appear whole, by a rename."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Rows = Sequence[Mapping[str, Any]]


@dataclass
class Task:
    """What a customer asked for. `picked` is what lies in the trolley, by line."""

    key: str
    revision: int
    order: str
    location: str
    number: str
    lines: dict[str, tuple[str, int]]
    state: str = "new"
    picked: dict[str, int] = field(default_factory=dict)
    lots: dict[str, str] = field(default_factory=dict)
    boxes: list[tuple[str, dict[str, int]]] = field(default_factory=list)


class ThreePl:
    """The warehouse at a root folder. A second one at the same root goes on where the first stopped."""

    def __init__(self, root: Path) -> None:
        self._root, self._book = root, root / "house" / "book.json"
        for folder in ("orders", "incoming", "house/taken"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.tasks: dict[str, Task] = {}
        self.receipts: dict[str, dict[str, Any]] = {}
        if self._book.exists():
            found = json.loads(self._book.read_text())
            self.tasks = {row["key"]: Task(**row) for row in found["tasks"]}
            self.receipts = found["receipts"]
        self._numbers = itertools.count(
            len(list((root / "house").iterdir())) * 1000 + int(datetime.now(UTC).timestamp())
        )

    def take_orders(self) -> list[dict[str, Any]]:
        """Read the files of orders; the answers to them, which are not sent yet. A task is known by its key."""
        answers = []
        for file in sorted((self._root / "orders").glob("*.csv")):
            with file.open(newline="", encoding="utf-8-sig") as opened:
                rows = list(csv.DictReader(opened))
            os.replace(file, self._root / "house" / "taken" / file.name)
            if rows:
                answers.append(self._cancel(rows[0]) if rows[0]["action"] == "cancel" else self._enter(rows))
        self._save()
        return answers

    def answer(self, answers: Rows, *, times: int = 1) -> None:
        """Send acknowledgements, more than once where wanted."""
        for _ in range(times if answers else 0):
            self.send("ack", answers)

    def reject(self, key: str, reason: str = "no space") -> None:
        """The house does not do it."""
        task = self.tasks[key]
        task.state = "rejected"
        self._save()
        self.send("ack", [self._answer(task, "rejected", reason)])

    def pick(self, key: str) -> None:
        """Everything is found."""
        task = self.tasks[key]
        task.state, task.picked = "picked", {line: quantity for line, (_, quantity) in task.lines.items()}
        self._save()
        self._tell(task, "picked", task.picked)

    def come_short(self, key: str, item: str, missing: int) -> None:
        """Some of it is not there after all."""
        task = self.tasks[key]
        line = next(line for line, (found, _) in task.lines.items() if found == item)
        task.picked[line] -= missing
        self._save()
        self._tell(task, "short", {line: missing}, reason="not found")

    def mark_lot(self, key: str, item: str, lot: str) -> None:
        """Somebody scans a lot."""
        self.tasks[key].lots[item] = lot
        self._save()

    def pack(self, key: str, boxes: Sequence[tuple[str, Mapping[str, int]]]) -> None:
        """Into boxes: tracking number, and quantities by item."""
        task = self.tasks[key]
        task.state, task.boxes = "packed", [(tracking, dict(content)) for tracking, content in boxes]
        self._save()
        self._tell(task, "packed", task.picked)

    def hand_over(self, key: str, carrier: str = "UPS", *, times: int = 1) -> None:
        """The carrier took it; one advice of all boxes."""
        task, number, now = self.tasks[key], self._number("S"), _now()
        task.state = "shipped"
        self._save()
        open_lines = dict(task.picked)
        rows = []
        for box, (tracking, content) in enumerate(task.boxes, 1):
            for item, quantity in content.items():
                for line, part in _shared(task, open_lines, item, quantity):
                    rows.append(
                        self._row(task, line, part, number, "shipped", now)
                        | {"parcel": f"{number}-{box}", "carrier": carrier, "tracking": tracking}
                    )
        for _ in range(times):
            self.send("ship", rows)

    def deliver(self, key: str) -> None:
        """The carrier says that the boxes have arrived."""
        task = self.tasks[key]
        self._tell(task, "delivered", task.picked)

    def take_back(self, key: str | None, name: str, found: Mapping[str, Mapping[str, int]]) -> None:
        """A parcel comes back and is looked at: quantities by disposition, by item."""
        receipt = self.receive(key, name, {item: sum(parts.values()) for item, parts in found.items()})
        self.inspect(receipt, found)

    def receive(self, key: str | None, name: str, goods: Mapping[str, int], location: str = "") -> str:
        """A parcel comes back, with a return's number on it; returns the number of the receipt."""
        number = self._number("R")
        kept = {"return": name, "key": key or "", "location": location, "goods": dict(goods), "found": {}}
        self.receipts[number] = kept
        self._save()
        rows = [self._back(number, item) | {"status": "received", "quantity": held} for item, held in goods.items()]
        self.send("return", rows)
        return number

    def inspect(self, receipt: str, found: Mapping[str, Mapping[str, int]]) -> None:
        """What was received is looked at: quantities by disposition, by item."""
        rows = [
            self._back(receipt, item) | {"status": "inspected", "quantity": held, "disposition": kind}
            for item, parts in found.items()
            for kind, held in parts.items()
        ]
        self.receipts[receipt]["found"] = {item: dict(parts) for item, parts in found.items()}
        self._save()
        self.send("return", rows)

    def _back(self, receipt: str, item: str) -> dict[str, Any]:
        known = {name: self.receipts[receipt][name] for name in ("return", "key", "location")}
        task = self.tasks.get(known["key"])
        line = next((line for line, (found, _) in task.lines.items() if found == item), "") if task else ""
        return {"receipt": receipt, **known, "line": line, "item": item, "at": _now()}

    def move_stock(self, item: str, quantity: int, location: str, reason: str) -> None:
        """A count, scrap, a receipt: the change, signed."""
        row = {"movement": self._number("M"), "item": item, "quantity": quantity, "location": location,
               "reason": reason, "at": _now()}  # fmt: skip
        self.send("stock", [row])

    def send(self, kind: str, rows: Rows) -> Path:
        """A file of rows, whole from the first moment at which it has its name."""
        text = io.StringIO()
        columns = list(dict.fromkeys(column for row in rows for column in row))
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        file = self._root / "incoming" / f"{kind}-{self._number('')}.csv"
        scratch = file.with_suffix(".part")
        scratch.write_text(text.getvalue(), encoding="utf-8")
        os.replace(scratch, file)
        return file

    def _enter(self, rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        first = rows[0]
        known = self.tasks.get(first["key"])
        revision, lines = int(first["revision"]), {row["line"]: (row["item"], int(row["quantity"])) for row in rows}
        if known is None:
            known = Task(first["key"], revision, first["order"], first["location"], self._number("T"), lines)
            self.tasks[known.key] = known
        elif revision > known.revision:
            if known.state != "new":
                return self._answer(known, "rejected", "is being worked on") | {"revision": revision}
            known.revision, known.lines = revision, lines
        return self._answer(known, "accepted")

    def _cancel(self, row: Mapping[str, str]) -> dict[str, Any]:
        task = self.tasks[row["key"]]
        if task.state in ("packed", "shipped"):
            return self._answer(task, "cancel_refused", "packed already")
        task.state = "cancelled"
        return self._answer(task, "cancelled")

    def _answer(self, task: Task, status: str, reason: str = "") -> dict[str, Any]:
        return {"key": task.key, "revision": task.revision, "status": status, "reference": task.number,
                "reason": reason, "at": _now()}  # fmt: skip

    def _tell(self, task: Task, status: str, quantities: Mapping[str, int], reason: str = "") -> None:
        number, now = self._number("W"), _now()
        rows = [
            self._row(task, line, quantity, number, status, now) | {"reason": reason}
            for line, quantity in quantities.items()
            if quantity
        ]
        self.send("ship", rows)

    def _row(self, task: Task, line: str, quantity: int, number: str, status: str, now: str) -> dict[str, Any]:
        item = task.lines[line][0]
        return {"shipment": number, "key": task.key, "status": status, "line": line, "item": item,
                "quantity": quantity, "lot": task.lots.get(item, ""), "at": now}  # fmt: skip

    def _number(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):012d}"

    def _save(self) -> None:
        scratch = self._book.with_suffix(".part")
        tasks = [asdict(task) for task in self.tasks.values()]
        scratch.write_text(json.dumps({"tasks": tasks, "receipts": self.receipts}))
        os.replace(scratch, self._book)


def _shared(task: Task, open_lines: dict[str, int], item: str, quantity: int) -> list[tuple[str, int]]:
    """The lines from which a quantity in a box is."""
    parts = []
    for line, (found, _) in task.lines.items():
        part = min(open_lines.get(line, 0), quantity) if found == item else 0
        if part:
            open_lines[line] -= part
            quantity -= part
            parts.append((line, part))
    return parts


def _now() -> str:
    return datetime.now(UTC).isoformat()
