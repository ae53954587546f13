"""One call to Lambda ERP: its answer as data, or our error. Retries are not made here.

    401                     key refused                                 MisconfiguredError
    404                     no such record, or the REST API is off      MisconfiguredError (reads answer None)
    409                     the key or the state is taken               ConflictError (`orders` looks why)
    422                     the content is refused, with a reason       RejectedError
    5xx, no answer          `connectors.http`                           RetryableError

A read of a record that does not exist answers HTTP 200 with nothing but a `detail`.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx

from canonical.errors import RejectedError, RetryableError
from connectors.http import SystemClient, status_error
from connectors.lambda_erp.settings import LambdaErpSettings

SYSTEM = "Lambda ERP"
IDLE_SECONDS = 3.0
"""After so long a connection is not used again: uvicorn closes idle ones after five, and a call into that is lost."""


class LambdaErpClient:
    """Speaks with one bearer key."""

    def __init__(self, settings: LambdaErpSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = SystemClient(
            SYSTEM,
            base_url=f"{settings.url.rstrip('/')}/api/",
            headers={"Authorization": f"Bearer {settings.api_key.get_secret_value()}"},
            timeout=httpx.Timeout(settings.timeout, connect=5.0),
            limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
            transport=transport,
        )

    async def rows(self, path: str, **filters: str) -> list[dict[str, Any]]:
        """The records of a list that match; a filter is the value of a field."""
        found = await self._read(path, filters)
        rows: list[dict[str, Any]] = found["rows"]
        return rows

    async def record(self, path: str) -> dict[str, Any] | None:
        """One record; None when there is none."""
        found = await self._read(path, {})
        return None if set(found) == {"detail"} else found

    async def write(self, path: str, values: Mapping[str, Any] | None = None, *, document: str | None = None) -> Any:
        """POST: create a record, or press a button of one."""
        return _body(await self._http.post(path, json=values or {}), document)

    async def change(self, path: str, values: Mapping[str, Any], *, document: str | None = None) -> Any:
        """PUT: change a record."""
        return _body(await self._http.put(path, json=values), document)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _read(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        try:
            found: dict[str, Any] = _body(await self._http.get(path, params=dict(parameters)), None)
        except RetryableError as error:
            error.maybe_applied = False  # a read changes nothing
            raise
        return found


def _body(answer: httpx.Response, document: str | None) -> Any:
    """The data of an answer, its numbers exact. Raises our error for anything else."""
    if answer.status_code == 422:
        raise RejectedError(
            f"{SYSTEM} refuses it: {_detail(answer)}",
            code="erp_refused",
            document=document,
            way_out=f"Correct the order or the master data in {SYSTEM}, then replay it.",
        )
    if error := status_error(answer.status_code, answer.headers, SYSTEM, document=document):
        raise error
    try:
        return json.loads(answer.content, parse_float=Decimal)
    except ValueError as error:
        raise RetryableError(
            f"{SYSTEM}'s answer cannot be read", code="reply_unreadable", document=document, maybe_applied=True
        ) from error


def _detail(answer: httpx.Response) -> str:
    """The reason it gives. It names fields and master records; customers are records of ours, named by our ids."""
    try:
        detail = answer.json().get("detail")
    except (ValueError, AttributeError):
        return "no reason given"
    return str(detail)[:300]
