"""One call to Tryton's JSON-RPC: session, context, warnings, errors. Retries are not made here.

A session is opened at the first call and again when Tryton has forgotten it (HTTP 401: nothing was done). Every call
runs in the company of the user, in English, so that messages are the same wherever Tryton speaks another language.
"""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import httpx

from canonical.errors import HeldError, MisconfiguredError, RetryableError
from connectors.http import SystemClient, status_error
from connectors.tryton import wire
from connectors.tryton.errors import SYSTEM, TrytonWarning, rpc_error
from connectors.tryton.settings import TrytonSettings

MOST_WARNINGS = 200  # of one call: one a record and kind, for a batch of 50 with room to spare
LANGUAGE = "en"
IDLE_SECONDS = 1.0
"""After so long a connection is not used again: gunicorn closes idle ones after two, and a call into that is lost."""
COMPANY_CONTEXT = ("company", "companies", "company_filter", "employee", "employees")

_LOG = logging.getLogger(__name__)


class TrytonClient:
    """The session of one company's user."""

    def __init__(self, settings: TrytonSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        self._http = SystemClient(
            SYSTEM,
            base_url=f"{settings.url}/",
            transport=transport,
            timeout=httpx.Timeout(settings.timeout, connect=5.0),
            limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
        )
        self._logging_in = asyncio.Lock()
        self._session: str | None = None
        self._context: dict[str, Any] = {}

    async def read(
        self, method: str, *parameters: Any, document: str | None = None, context: Mapping[str, Any] | None = None
    ) -> Any:
        """A call that changes nothing: whatever happens to its answer, nothing may have been applied."""
        try:
            return await self.call(method, *parameters, document=document, context=context)
        except RetryableError as error:
            error.maybe_applied = False
            raise

    async def call(
        self,
        method: str,
        *parameters: Any,
        document: str | None = None,
        context: Mapping[str, Any] | None = None,
        records: Sequence[str] = (),
    ) -> Any:
        """Call `model.sale.sale.quote` and the like, acknowledging warnings.

        One at a time, except what Tryton asks of one of `records` ("model,id"): that is acknowledged for all of them,
        or a batch of fifty would be made fifty times.

        Raises what `errors.py` says, and `HeldError` for a warning that the settings hold.
        """
        for _ in range(MOST_WARNINGS):
            try:
                return await self._call(method, parameters, document, context or {})
            except TrytonWarning as warning:
                for name in _alike(warning.name, records):
                    await self._acknowledge(TrytonWarning(name, warning.message), document)
        raise HeldError(
            f"{SYSTEM} keeps asking: more than {MOST_WARNINGS} warnings for one call",
            code="erp_warnings",
            document=document,
            way_out="Book the order by hand in Tryton to see what it asks.",
        )

    async def company(self) -> int:
        """The company of the user."""
        await self._log_in()
        company = self._context.get("company")
        if not isinstance(company, int):
            raise MisconfiguredError(
                f"the user {self._settings.login} has no company in {SYSTEM}",
                code="erp_no_company",
                way_out="Give the connector's user its company in Tryton.",
            )
        return company

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _call(
        self, method: str, parameters: tuple[Any, ...], document: str | None, context: Mapping[str, Any]
    ) -> Any:
        session = await self._log_in()
        answer = await self._post(method, [*parameters, {**self._context, **context}], session)
        if answer.status_code == 401:  # the session has expired; the call was not made
            self._forget(session)
            session = await self._log_in()
            answer = await self._post(method, [*parameters, {**self._context, **context}], session)
        return _result(answer, document)

    async def _log_in(self) -> str:
        """The session, opened once for all calls that wait for it."""
        if self._session is None:
            async with self._logging_in:
                if self._session is None:
                    self._session = await self._open_session()
        return self._session

    async def _open_session(self) -> str:
        login = self._settings.login
        secret = {"password": self._settings.password.get_secret_value()}
        try:
            opened = _result(await self._post("common.db.login", [login, secret, LANGUAGE], None), None)
            user, token = opened[0], opened[1]
            session = base64.b64encode(f"{login}:{user}:{token}".encode()).decode()
            preferences = _result(await self._post("model.res.user.get_preferences", [True, {}], session), None)
        except RetryableError as error:
            error.maybe_applied = False  # logging in books nothing
            raise
        self._context = {name: preferences[name] for name in COMPANY_CONTEXT if name in preferences}
        self._context["language"] = LANGUAGE
        return session

    def _forget(self, session: str) -> None:
        if self._session == session:
            self._session = None

    async def _post(self, method: str, parameters: list[Any], session: str | None) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        if session is not None:
            headers["Authorization"] = f"Session {session}"
        body = wire.dumps({"id": 1, "method": method, "params": parameters})
        return await self._http.post("rpc/", content=body, headers=headers)

    async def _acknowledge(self, warning: TrytonWarning, document: str | None) -> None:
        """Say yes once, as a person would by a click, unless the settings want a person."""
        if any(fnmatchcase(warning.name, pattern) for pattern in self._settings.hold_on_warnings):
            raise HeldError(
                f"{SYSTEM} warns: {warning.message}",
                code="erp_warning",
                document=document,
                way_out="Decide in Tryton, then release the order.",
            ) from warning
        _LOG.warning("%s: warning %s acknowledged: %s", document or "call", warning.name, warning.message)
        await self._call("model.res.user.warning.skip", (warning.name, False), document, {})


def _alike(warning: str, records: Sequence[str]) -> list[str]:
    """The names of a warning for all records, when it is about one of them: Tryton hashes the record into its name."""
    about, _, kind = warning.partition(".")
    hashed = [hashlib.md5(record.encode(), usedforsecurity=False).hexdigest() for record in records]
    return [f"{one}.{kind}" for one in hashed] if about in hashed else [warning]


def _result(answer: httpx.Response, document: str | None) -> Any:
    """The result of an answer. Raises the error it carries."""
    if error := status_error(answer.status_code, answer.headers, SYSTEM, document=document):
        raise error
    try:
        body = wire.loads(answer.content)
        if "error" not in body:
            return body["result"]
    except (ValueError, KeyError, TypeError) as error:
        raise RetryableError(
            f"{SYSTEM}'s answer cannot be read", code="reply_unreadable", document=document, maybe_applied=True
        ) from error
    raise rpc_error(body["error"], document)
