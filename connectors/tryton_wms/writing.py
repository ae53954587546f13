"""Hand over, amend and cancel requests. Each step looks first, so that doing it again changes nothing."""

from typing import Final

from canonical.errors import ConflictError, HeldError, RejectedError
from canonical.warehouse import FulfillmentRequest, WarehouseRef
from connectors.tryton_wms.content import Content, content_of
from connectors.tryton_wms.drafts import MasterData, consignee, moves, shipment
from connectors.tryton_wms.rest import WmsClient
from connectors.tryton_wms.tasks import PACKED, PICKED, OutShipment, Task, TaskReader

_SHIPMENT: Final = "stock.shipment.out"
_WAITING, _ASSIGNED = 1, 2


class TaskWriter:
    """Writes one task at a time; who calls keeps two workers off one key."""

    def __init__(self, client: WmsClient, reader: TaskReader) -> None:
        self._client, self._reader = client, reader
        self._masters = MasterData(client)

    async def submit(self, request: FulfillmentRequest, task: Task | None) -> WarehouseRef:
        """Hand it over, or go on where an earlier attempt stopped."""
        content = content_of(request)
        if task is None:
            task = await self._create(request, content)
        if content.revision > task.content.revision:
            return await self.amend(request, task)
        _same(request, content, task)
        if task.content.cancelled is None:
            task = await self._shipped_as_asked(request, task)
        return ref_of(task)

    async def amend(self, request: FulfillmentRequest, task: Task | None) -> WarehouseRef:
        """Replace what was asked. Raises `HeldError` once picked."""
        if task is None:
            raise unknown(request.key)
        content = content_of(request)
        if content.revision <= task.content.revision:
            _same(request, content, task)
        if task.content.cancelled or (task.shipments and not task.live):
            raise _too_late(request.order_name, "was cancelled")
        if any(_rank(one) >= PICKED for one in task.live):
            if content.digest == task.content.digest:
                return ref_of(task)
            raise _too_late(request.order_name, "is picked already")
        await self._masters.items(request)
        if content.revision > task.content.revision:
            await self._keep(task, content)
            task = await self._again(task.key)
        await self._move_address(request, task)
        return ref_of(await self._shipped_as_asked(request, task))

    async def cancel(self, key: str, reason: str, task: Task | None) -> WarehouseRef:
        """Cancel all of it. Raises `HeldError` once packed.

        Tryton's REST interface compares no time stamps: what a worker packs between our look and our cancel is undone.
        """
        if task is None:
            raise unknown(key)
        if any(_rank(one) >= PACKED for one in task.live):
            raise _too_late(task.content.order_name, "is packed already")
        if task.content.cancelled is None:
            await self._keep(task, task.content.cancel(reason))
        for one in task.live:
            await self._client.press(_SHIPMENT, one.id, "cancel", task.content.order_name)
        return ref_of(task)

    async def _create(self, request: FulfillmentRequest, content: Content) -> Task:
        """The consignee with our key. Everything it needs is looked up first, so that half a request is no use."""
        await self._masters.place(request)
        await self._masters.items(request)
        values = consignee(request, content, await self._masters.address(request.ship_to))
        try:
            await self._client.create("party.party", values, request.order_name)
        except RejectedError:
            if not await self._reader.by_key([request.key]):  # else: somebody was faster, and the key is taken
                raise
        return await self._again(request.key)

    async def _shipped_as_asked(self, request: FulfillmentRequest, task: Task) -> Task:
        """See that a shipment of what is asked waits for the workers."""
        if not task.shipments:
            task = await self._new_shipment(request, task)
        if task.live and task.totals != task.content.totals and all(_rank(one) < PICKED for one in task.live):
            task = await self._replace(request, task)
        drafts = [one for one in task.live if _rank(one) < _WAITING]
        for one in drafts:
            await self._client.press(_SHIPMENT, one.id, "wait", request.order_name)
        return await self._again(task.key) if drafts else task

    async def _new_shipment(self, request: FulfillmentRequest, task: Task) -> Task:
        """A draft shipment. Of two (an attempt whose answer was lost, and its repetition) the older stands."""
        rows = await self._client.find("party.address", [("party", "=", task.party)], ["id"])
        place, company = await self._masters.place(request), await self._client.company()
        values = shipment(request, task.party, rows[0]["id"], place, company[0], await self._goods(request))
        await self._client.create(_SHIPMENT, values, request.order_name)
        task = await self._again(task.key)
        extras = [one for one in task.live if _rank(one) < _WAITING][1:]
        for extra in extras:
            await self._client.delete(_SHIPMENT, extra.id, request.order_name)
        return await self._again(task.key) if extras else task

    async def _replace(self, request: FulfillmentRequest, task: Task) -> Task:
        """Other goods in the first shipment; what else was split off is cancelled."""
        first, *others = task.live
        for one in others:
            await self._client.press(_SHIPMENT, one.id, "cancel", request.order_name)
        if _rank(first) == _ASSIGNED:
            await self._client.press(_SHIPMENT, first.id, "wait", request.order_name)
        if _rank(first) >= _WAITING:
            await self._client.press(_SHIPMENT, first.id, "draft", request.order_name)
        old, new = [move.id for move in first.moves], await self._goods(request)
        await self._client.write(
            _SHIPMENT, first.id, {"outgoing_moves": [["delete", old], ["create", new]]}, request.order_name
        )
        return await self._again(task.key)

    async def _move_address(self, request: FulfillmentRequest, task: Task) -> None:
        rows = await self._client.find("party.address", [("party", "=", task.party)], ["id"])
        values = await self._masters.address(request.ship_to)
        await self._client.write("party.address", rows[0]["id"], values, request.order_name)

    async def _goods(self, request: FulfillmentRequest) -> list[dict[str, object]]:
        place, items = await self._masters.place(request), await self._masters.items(request)
        return moves(request, place, items, await self._masters.customers(), await self._client.company())

    async def _keep(self, task: Task, content: Content) -> None:
        entry = {"contact_mechanisms": [["write", [task.entry], {"comment": content.text()}]]}
        await self._client.write("party.party", task.party, entry, content.order_name)

    async def _again(self, key: str) -> Task:
        return (await self._reader.by_key([key]))[key]


def ref_of(task: Task) -> WarehouseRef:
    """The consignee is the id that stays; the numbers of its shipments are what people say."""
    numbers = [one.number for one in task.live or task.shipments]
    return WarehouseRef(key=task.key, external_id=str(task.party), number=", ".join(numbers) or None)


def unknown(key: str) -> RejectedError:
    """Nothing was handed over under the key."""
    return RejectedError(
        "the warehouse knows no request of this key",
        code="request_unknown",
        document=key,
        way_out="Hand the request over first.",
    )


def _same(request: FulfillmentRequest, content: Content, task: Task) -> None:
    if (content.revision, content.digest) != (task.content.revision, task.content.digest):
        raise ConflictError(
            f"revision {task.content.revision} of this request stands in the warehouse with other content",
            code="request_differs",
            document=request.order_name,
            way_out="Amend it under a higher revision.",
        )


def _too_late(document: str, words: str) -> HeldError:
    return HeldError(
        f"the shipment {words}",
        code="too_late",
        document=document,
        way_out="Ask the warehouse, or take the goods back as a return.",
    )


def _rank(shipment: OutShipment) -> int:
    return shipment.rank if shipment.rank is not None else -1
