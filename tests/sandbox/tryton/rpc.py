"""A bare JSON-RPC client for Tryton, so that the server is tested without the connector."""

from __future__ import annotations

import base64
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx

PASSWORD = "connector-of-the-sandbox"


class Tryton:
    """One session of one user; `call` returns the result or fails with Tryton's own error."""

    def __init__(self, url: str, database: str, login: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/{database}", timeout=60)
        user, token, _ = self._post("common.db.login", [login, {"password": PASSWORD}, "en"])
        session = base64.b64encode(f"{login}:{user}:{token}".encode()).decode()
        self._http.headers["Authorization"] = f"Session {session}"
        self.context: dict[str, Any] = self._post("model.res.user.get_preferences", [True, {}])

    def call(self, method: str, *parameters: Any, **context: Any) -> Any:
        """Call `model.sale.sale.create` and the like; the context comes last, as Tryton wants it."""
        return self._post(method, [*parameters, {**self.context, **context}])

    def find(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        """Every record in the domain."""
        rows: list[dict[str, Any]] = self.call(f"model.{model}.search_read", domain, 0, None, None, fields)
        return rows

    def _post(self, method: str, parameters: list[Any]) -> Any:
        answer = self._http.post("/rpc/", json={"id": 1, "method": method, "params": parameters})
        assert answer.status_code == 200, f"{method}: HTTP {answer.status_code} {answer.text[:200]}"
        body = answer.json(object_hook=_decimal)
        assert "error" not in body, f"{method}: {body['error']}"
        return body["result"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()


def decimal(amount: str) -> dict[str, str]:
    """An amount as Tryton's JSON writes it."""
    return {"__class__": "Decimal", "decimal": amount}


def _decimal(value: dict[str, Any]) -> Any:
    return Decimal(value["decimal"]) if value.get("__class__") == "Decimal" else value
