"""One call to Tryton's REST interface: an answer as data, or our error. Retries are not made here.

    400     refused in words (UserError, UserWarning)     RejectedError; its quoted values are taken out
    401     key refused                                   MisconfiguredError
    others  `connectors.http`

The interface creates one record a call and cannot acknowledge a warning; we do nothing there that asks for one.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx

from canonical.errors import MisconfiguredError, RejectedError, RetryableError
from connectors.http import SystemClient, status_error
from connectors.tryton_wms.settings import TrytonWmsSettings

SYSTEM = "the warehouse"
IDLE_SECONDS = 1.0
"""After so long a connection is not used again: gunicorn closes idle ones after two, and a call into that is lost."""
_QUOTED = re.compile(r'"[^"]*"')


class WmsClient:
    """Speaks with one key, in the company of its user."""

    def __init__(self, settings: TrytonWmsSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = SystemClient(
            SYSTEM,
            base_url=f"{settings.url}/rest/model/",
            headers={"Authorization": f"Bearer {settings.api_key.get_secret_value()}"},
            timeout=httpx.Timeout(settings.timeout, connect=5.0),
            limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
            transport=transport,
        )
        self._company: tuple[int, int] | None = None

    async def company(self) -> tuple[int, int]:
        """The company of the key's user, and its currency."""
        if self._company is None:
            rows = await self.find("company.company", [], ["currency"])
            if not rows:
                raise MisconfiguredError("the user of the key has no company in the warehouse", code="wms_no_company")
            self._company = (rows[0]["id"], rows[0]["currency"])
        return self._company

    async def find(self, model: str, domain: Sequence[Any], fields: Sequence[str]) -> list[dict[str, Any]]:
        """The records of a domain by id; nested fields come as nested objects. Whatever happens, nothing is applied."""
        return await self._search(model, domain, fields, ["id", "ASC"])

    async def last_written(self, model: str, domain: Sequence[Any], fields: Sequence[str]) -> dict[str, Any] | None:
        """The record of a domain that was written last, by the warehouse's own clock; None without one."""
        written = [*domain, ("write_date", "!=", None)]
        rows = await self._search(model, written, fields, ["write_date", "DESC"], most=1)
        return rows[0] if rows else None

    async def _search(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], order: Sequence[str], most: int | None = None
    ) -> list[dict[str, Any]]:
        query = {"d": _coded(domain), "o": _coded([order]), "f": list(fields)} | ({"s": most} if most else {})
        try:
            rows = _body(await self._http.get(model, params=query, headers=self._context()), None)
        except RetryableError as error:
            error.maybe_applied = False
            raise
        found: list[dict[str, Any]] = rows
        return found

    async def create(self, model: str, values: Mapping[str, Any], document: str) -> int:
        """Create a record; its id."""
        return int((await self._write("POST", model, values, document))["id"])

    async def write(self, model: str, record: int, values: Mapping[str, Any], document: str) -> None:
        """Change a record."""
        await self._write("PUT", f"{model}/{record}", values, document)

    async def press(self, model: str, record: int, button: str, document: str) -> None:
        """Press a button of a record."""
        await self._write("POST", f"{model}/{record}/{button}", {}, document)

    async def delete(self, model: str, record: int, document: str) -> None:
        """Delete a record."""
        await self._write("DELETE", f"{model}/{record}", None, document)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _write(self, verb: str, path: str, values: Mapping[str, Any] | None, document: str) -> Any:
        await self.company()
        content = None if values is None else json.dumps(values, default=_wire).encode()
        headers = {**self._context(), **({} if content is None else {"Content-Type": "application/json"})}
        return _body(await self._http.request(verb, path, content=content, headers=headers), document)

    def _context(self) -> dict[str, str]:
        return {"X-Tryton-Context": _coded({"company": self._company[0]})} if self._company else {}


def _body(answer: httpx.Response, document: str | None) -> Any:
    if answer.status_code == 400:
        raise RejectedError(
            f"{SYSTEM} refuses it: {_message(answer)}",
            code="wms_refused",
            document=document,
            way_out="Correct the request or the master data of the warehouse, then replay it.",
        )
    if error := status_error(answer.status_code, answer.headers, SYSTEM, document=document):
        raise error
    try:
        return json.loads(answer.content, parse_float=Decimal, object_hook=_value) if answer.content else None
    except ValueError as error:
        raise RetryableError(
            f"{SYSTEM}'s answer cannot be read", code="reply_unreadable", document=document, maybe_applied=True
        ) from error


def _message(answer: httpx.Response) -> str:
    """Its words without quoted values: they may be a customer's."""
    try:
        return _QUOTED.sub('"…"', str(answer.json()["message"]))[:300]
    except (ValueError, KeyError, TypeError):
        return "no reason given"


def _coded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, default=_wire).encode()).decode()


def _wire(value: Any) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):  # Tryton keeps its times without a zone; so do we on this wire
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{name: getattr(value, name) for name in names}}
    raise TypeError(f"Tryton's JSON has no {type(value).__name__}")


def _value(found: dict[str, Any]) -> Any:
    if found.get("__class__") == "datetime":
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return datetime(*(found.get(name, 0) for name in names))  # noqa: DTZ001
    return Decimal(found["decimal"]) if found.get("__class__") == "Decimal" else found
