"""What we handed over and what was answered, a file an order each. Written whole or not at all."""

from datetime import datetime
from typing import Final
from urllib.parse import quote

from pydantic import ValidationError

from canonical.errors import RejectedError
from canonical.ids import digest
from canonical.model import Code, Model, Utc
from connectors.file_drop import FileDrop
from connectors.file_erp.table import Answer, AnswerStatus, answers_in

ORDERS, ANSWERS = "orders", "answers"
READY, SENT, TOLD = "crossdock/ready", "crossdock/sent", "crossdock/told"
CLAIMED, ARCHIVE, SET_ASIDE = "crossdock/claimed", "crossdock/archive", "crossdock/set-aside"
_LONGEST: Final = 150


class Sent(Model):
    """The content under a key that was handed over last, and in which file."""

    digest: Code
    name: Code
    file: Code
    at: Utc
    cancel: bool = False


class Told(Model):
    """What was answered: the booking that stands, and the last refusal."""

    booked: Answer | None = None
    cancelled: bool = False
    too_late: bool = False
    refused: Answer | None = None

    def with_answer(self, answer: Answer) -> "Told":
        """The same and this answer. The first booking stands; answers that come twice change nothing."""
        if answer.status is AnswerStatus.BOOKED:
            return self.model_copy(update={"booked": self.booked or answer})
        if answer.status is AnswerStatus.CANCELLED:
            return self.model_copy(update={"cancelled": True, "too_late": False})
        if answer.status is AnswerStatus.TOO_LATE:
            return self.model_copy(update={"too_late": not self.cancelled})
        return self.model_copy(update={"refused": answer})


class Book:
    """Hands files over and takes answers."""

    def __init__(self, drop: FileDrop) -> None:
        self._drop = drop

    async def hand_over(self, key: str, sent: Sent, content: bytes) -> None:
        """1. into `ready`  2. into the book  3. renamed into `orders`, which is one step."""
        await self._drop.write(READY, sent.file, content)
        await self._drop.write(SENT, _name(key), sent.model_dump_json().encode())
        await self.resume(sent)

    async def resume(self, sent: Sent) -> None:
        """Hand over what an attempt that died has left in `ready`."""
        await self._drop.move(READY, sent.file, ORDERS)

    async def sent(self, key: str) -> Sent | None:
        """What was handed over under a key."""
        text = await self._drop.read(SENT, _name(key))
        return Sent.model_validate_json(text) if text is not None else None

    async def told(self, key: str) -> Told:
        """What was answered."""
        text = await self._drop.read(TOLD, _name(key))
        try:
            return Told.model_validate_json(text) if text is not None else Told()
        except ValidationError as error:
            raise RejectedError(
                "what was answered cannot be read", code="book_unreadable", document=key, way_out=f"Repair {TOLD}."
            ) from error

    async def take_answers(self) -> set[str]:
        """Read every answer that waits; the keys that were booked by them.

        A file is archived after all of it is in the book. One that a crash left claimed is read again, which changes
        nothing that is known. Rows that cannot be read stay beside, in a copy of the file.
        """
        for name in await self._drop.names(ANSWERS, "*.csv"):
            await self._drop.move(ANSWERS, name, CLAIMED)
        booked: set[str] = set()
        for name in await self._drop.names(CLAIMED):
            content = await self._drop.read(CLAIMED, name) or b""
            answers = list(answers_in(content, name))
            if any(isinstance(answer, RejectedError) for answer in answers):
                await self._drop.write(SET_ASIDE, name, content)
            for answer in answers:
                if isinstance(answer, Answer) and await self._keep(answer):
                    booked.add(answer.key)
            await self._drop.move(CLAIMED, name, ARCHIVE)
        return booked

    async def _keep(self, answer: Answer) -> bool:
        """Whether it is the booking of an order that we handed over and did not know booked."""
        if await self.sent(answer.key) is None:
            return False
        told = await self.told(answer.key)
        after = told.with_answer(answer)
        if after != told:
            await self._drop.write(TOLD, _name(answer.key), after.model_dump_json().encode())
        return after.booked is not None and told.booked is None


def file_name(key: str, at: datetime) -> str:
    """Files sort as they were handed over."""
    return f"{at:%Y%m%d%H%M%S%f}-{_name(key).removesuffix('.json')}.csv"


def _name(key: str) -> str:
    name = quote(key, safe="")
    return f"{name if len(name) <= _LONGEST else f'{name[:80]}-{digest(key)}'}.json"
