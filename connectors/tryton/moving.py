"""Stock movements made elsewhere: counts, scrap, transfers, receipts. Each is an internal shipment under our key.

From a warehouse to another, or between a warehouse and lost and found: what is found comes from there, what is lost or
scrapped goes there, to a place of its own where the settings name one for the reason. Reason and account are kept as a
note on the shipment; Tryton books no values of stock in this set of modules, so the account is for the reader.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from canonical.errors import RejectedError
from canonical.outcomes import Outcome
from canonical.settlement import ErpDocument, MovementPosting
from connectors.exact import exact
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory
from connectors.tryton.settings import TrytonSettings
from connectors.tryton.warehouses import Warehouses
from connectors.tryton.work import Task, conflict, each, one_by_key, press, refresh

MODEL = "stock.shipment.internal"
FIELDS = ["reference", "state", "number", "from_location", "to_location"]
_STEPS = (
    ("draft", "wait"), ("waiting", "assign_force"), ("assigned", "pack"), ("packed", "ship"),
    ("shipped", "do"), ("assigned", "do"),
)  # fmt: skip


class Movements:
    """Books stock movements of one company."""

    def __init__(
        self, client: TrytonClient, directory: Directory, warehouses: Warehouses, settings: TrytonSettings
    ) -> None:
        self._client, self._directory, self._warehouses = client, directory, warehouses
        self._settings = settings

    async def post(self, postings: Sequence[MovementPosting]) -> list[Outcome[ErpDocument]]:
        """One outcome each, in order."""
        return await one_by_key(postings, self._post)

    async def _post(self, tasks: Sequence[Task[MovementPosting]]) -> None:
        ends = await self._ends(tasks)
        await self._meet(tasks, ends)
        await self._create([t for t in tasks if t.open and t.id is None], ends)
        await refresh(self._client, MODEL, tasks, FIELDS)
        for state, button in _STEPS:
            await press(
                self._client, MODEL, button, [t for t in tasks if t.state == state and _takes(t.posting, button)]
            )
            await refresh(self._client, MODEL, tasks, FIELDS)
        for task in tasks:
            if task.open and task.state == "done":
                task.finish()

    async def _ends(self, tasks: Sequence[Task[MovementPosting]]) -> dict[str, tuple[int, int]]:
        """From where to where, by key; a task that names what Tryton lacks has its error."""
        ends: dict[str, tuple[int, int]] = {}
        for task in tasks:
            try:
                ends[task.posting.key] = await self._end(task.posting)
            except RejectedError as error:
                task.error = error
        return ends

    async def _end(self, posting: MovementPosting) -> tuple[int, int]:
        here = await self._warehouses.find(posting.location, posting.key)
        if posting.to_location is not None:
            there = await self._warehouses.find(posting.to_location, posting.key)
            if posting.quantity <= 0 or there.storage == here.storage:
                raise _refused(posting, "a transfer moves more than nothing, to another warehouse", "transfer_invalid")
            return here.storage, there.storage
        if not posting.quantity:
            raise _refused(posting, "it moves nothing", "nothing_moved")
        beyond = await self._warehouses.lost(self._settings.lost_locations.get(posting.reason), here, posting.key)
        return (beyond, here.storage) if posting.quantity > 0 else (here.storage, beyond)

    async def _meet(self, tasks: Sequence[Task[MovementPosting]], ends: dict[str, tuple[int, int]]) -> None:
        domain = [("reference", "in", [t.posting.key for t in tasks])]
        fields = [*FIELDS, "moves.quantity", "moves.product", "moves.product.code"]
        rows = await self._client.read(f"model.{MODEL}.search_read", domain, 0, None, [("id", "DESC")], fields)
        standing = {row["reference"]: row for row in rows}
        for task in tasks:
            if task.open and (row := standing.get(task.posting.key)):
                task.id, task.row = row["id"], row
                moved = {(m["product."]["code"], exact(m["quantity"])) for m in row["moves."]}
                same = moved == {(task.posting.item, exact(abs(task.posting.quantity)))}
                if not same or (row["from_location"], row["to_location"]) != ends[task.posting.key]:
                    task.error = conflict(task.posting.key, f"shipment {row['number']} under this key moved otherwise")

    async def _create(self, tasks: Sequence[Task[MovementPosting]], ends: dict[str, tuple[int, int]]) -> None:
        items = await self._directory.items(t.posting.item for t in tasks)
        company = await self._client.company()
        for task in tasks:
            if task.posting.item not in items:
                task.error = _refused(task.posting, f"Tryton has no item {task.posting.item}", "item_unknown")

        async def create(group: Sequence[Task[MovementPosting]]) -> None:
            values = [
                _values(t.posting, company, items[t.posting.item].id, items[t.posting.item].unit, ends[t.posting.key])
                for t in group
            ]
            ids = await self._client.call(f"model.{MODEL}.create", values)
            for task, id_ in zip(group, ids, strict=True):
                task.id, task.created = id_, True

        await each([t for t in tasks if t.open], create)
        notes = [
            {"resource": f"{MODEL},{t.id}", "message": _note(t.posting)} for t in tasks if t.open and t.id is not None
        ]
        if notes:
            await self._client.call("model.ir.note.create", notes)


def _takes(posting: MovementPosting, button: str) -> bool:
    """Whether it goes that way: between two warehouses goods are in transit, elsewhere they are there at once."""
    return posting.to_location is not None or button not in ("pack", "ship")


def _values(posting: MovementPosting, company: int, product: int, unit: int, ends: tuple[int, int]) -> dict[str, Any]:
    day: date = posting.occurred_at.date()
    move = {
        "company": company,
        "product": product,
        "unit": unit,
        "quantity": float(abs(posting.quantity)),
        "from_location": ends[0],
        "to_location": ends[1],
    }
    return {
        "company": company,
        "reference": posting.key,
        "from_location": ends[0],
        "to_location": ends[1],
        "planned_date": day,
        "planned_start_date": day,
        "effective_start_date": day,
        "effective_date": day,
        "moves": [("create", [move])],
    }


def _note(posting: MovementPosting) -> str:
    account = f", account {posting.account}" if posting.account else ""
    words = f" ({posting.words})" if posting.words else ""
    return f"Reason: {posting.reason}{words}{account} ({posting.key})"


def _refused(posting: MovementPosting, words: str, code: str) -> RejectedError:
    return RejectedError(
        words, code=code, document=posting.key, way_out="Correct the movement or its mapping, then replay it."
    )
