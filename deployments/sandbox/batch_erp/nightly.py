"""The nightly run of the batch ERP and its books."""

from __future__ import annotations

import csv
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from deployments.sandbox.catalogue import Catalogue, load_catalogue

SERVICES = ("SHIPPING", "TIP", "DUTY", "ROUNDING")
Row = Mapping[str, str]


@dataclass
class Booked:
    """An order in the books. `times` counts how often it came."""

    key: str
    digest: str
    id: str
    total: str
    currency: str
    lines: int
    payments: int
    cancelled: bool = False
    times: int = 1


class BatchErp:
    """The ERP of one company at a root folder. A second one at the same root goes on where the first stopped."""

    def __init__(self, root: Path, catalogue: Catalogue | None = None) -> None:
        self._root, self._file = root, root / "house" / "books.json"
        for folder in ("orders", "answers", "house/taken"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        known = catalogue or load_catalogue()
        self._items = {v.sku for product in known.products for v in product.variants} | set(SERVICES)
        self._places = {place.code for place in known.locations}
        self._taxes = {tax.code for tax in known.taxes}
        self.books: dict[str, Booked] = {}
        if self._file.exists():
            self.books = {row["key"]: Booked(**row) for row in json.loads(self._file.read_text())}
        self._numbers = itertools.count(len(self.books) + 1)
        self._files = itertools.count(int(datetime.now(UTC).timestamp() * 1000))

    def run(self) -> list[dict[str, str]]:
        """Read every file of orders, oldest first; the answers, which are not sent yet."""
        answers = []
        for file in sorted((self._root / "orders").glob("*.csv")):
            with file.open(newline="", encoding="utf-8-sig") as opened:
                rows = list(csv.DictReader(opened))
            answers.append(self._cancel(rows[0]) if rows[0]["action"] == "cancel" else self._book(rows))
            self._save()
            os.replace(file, self._root / "house" / "taken" / file.name)
        return answers

    def answer(self, answers: Sequence[Mapping[str, str]]) -> None:
        """Send answers, in a file that appears whole."""
        if not answers:
            return
        file = self._root / "answers" / f"answers-{next(self._files)}.csv"
        scratch = file.with_suffix(".part")
        with scratch.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(
                opened, ["key", "status", "digest", "id", "number", "total", "currency", "reason"], restval=""
            )
            writer.writeheader()
            writer.writerows(answers)
        os.replace(scratch, file)

    def _book(self, rows: Sequence[Row]) -> dict[str, str]:
        first = rows[0]
        standing = self.books.get(first["key"])
        if standing is not None:
            standing.times += 1
            return self._answer(standing)
        if reason := self._wrong(rows):
            return {"key": first["key"], "status": "rejected", "digest": first["digest"], "reason": reason}
        number = next(self._numbers)
        taxes = sum((Decimal(tax.split(":")[2]) for row in rows for tax in row["taxes"].split("|") if tax), Decimal(0))
        net = sum((Decimal(row["net"]) for row in rows), Decimal(0))
        booked = Booked(
            key=first["key"],
            digest=first["digest"],
            id=f"{number:08d}",
            total=str(net + taxes),
            currency=first["currency"],
            lines=len(rows),
            payments=len([tender for tender in first["tenders"].split("|") if tender]),
        )
        self.books[booked.key] = booked
        return self._answer(booked)

    def _wrong(self, rows: Sequence[Row]) -> str:
        """Why it cannot be booked; empty when it can."""
        for row in rows:
            if row["item"] not in self._items:
                return f"item {row['item']} is unknown"
            for tax in row["taxes"].split("|"):
                if tax and tax.split(":")[0] not in self._taxes:
                    return f"tax {tax.split(':')[0]} is unknown"
        return "" if rows[0]["warehouse"] in self._places else f"warehouse {rows[0]['warehouse']} is unknown"

    def _cancel(self, row: Row) -> dict[str, str]:
        standing = self.books.get(row["key"])
        if standing is None:
            return {"key": row["key"], "status": "rejected", "digest": row["digest"], "reason": "never booked"}
        standing.cancelled = True
        return {"key": standing.key, "status": "cancelled", "digest": standing.digest}

    def _answer(self, booked: Booked) -> dict[str, str]:
        return {
            "key": booked.key, "status": "booked", "digest": booked.digest, "id": booked.id, "number": f"B{booked.id}",
            "total": booked.total, "currency": booked.currency,
        }  # fmt: skip

    def _save(self) -> None:
        scratch = self._file.with_suffix(".part")
        scratch.write_text(json.dumps([asdict(booked) for booked in self.books.values()]))
        os.replace(scratch, self._file)
