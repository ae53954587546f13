"""The session is opened once and again when it has expired; warnings are acknowledged one at a time."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from canonical.errors import HeldError, MisconfiguredError, RetryableError
from connectors.tryton.client import TrytonClient
from connectors.tryton.settings import TrytonSettings

Answer = Callable[[str, list[Any]], httpx.Response]


class Server:
    """Answers JSON-RPC as told, and writes down what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[tuple[str, list[Any]]] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.asked.append((body["method"], body["params"]))
        if body["method"] == "common.db.login":
            return result([7, f"token{self.count('common.db.login')}", None])
        if body["method"] == "model.res.user.get_preferences":
            return result({"company": 1, "language": "de", "groups": [1, 2, 3]})
        return self._answer(body["method"], body["params"])

    def count(self, method: str) -> int:
        return sum(asked == method for asked, _ in self.asked)

    def client(self, **changes: Any) -> TrytonClient:
        given = {"url": "http://127.0.0.1:1/erp", "login": "connector", "password": SecretStr("hidden")}
        return TrytonClient(TrytonSettings(**(given | changes)), httpx.MockTransport(self))


def result(value: Any) -> httpx.Response:
    return httpx.Response(200, json={"id": 1, "result": value})


def error(*parts: Any) -> httpx.Response:
    return httpx.Response(200, json={"id": 1, "error": list(parts)})


async def test_one_session_serves_calls_made_at_once_in_the_users_company_and_in_english() -> None:
    server = Server(lambda *_: result(True))
    client = server.client()
    await asyncio.gather(*(client.call("model.sale.sale.quote", [n]) for n in range(5)))
    assert server.count("common.db.login") == 1
    assert {json.dumps(p[-1]) for m, p in server.asked if m == "model.sale.sale.quote"} == {
        '{"company": 1, "language": "en"}'
    }


async def test_an_expired_session_is_opened_again_and_the_call_repeated() -> None:
    answers = iter([httpx.Response(401), result("done")])
    server = Server(lambda *_: next(answers))
    assert await server.client().call("model.sale.sale.quote", [1]) == "done"
    assert server.count("common.db.login") == 2


async def test_a_session_refused_twice_is_a_wrong_setting() -> None:
    server = Server(lambda *_: httpx.Response(401))
    with pytest.raises(MisconfiguredError):
        await server.client().call("model.sale.sale.quote", [1])
    assert server.count("common.db.login") == 2


async def test_warnings_are_acknowledged_one_at_a_time_and_the_call_made_again() -> None:
    skipped: list[str] = []

    def answer(method: str, parameters: list[Any]) -> httpx.Response:
        if method == "model.res.user.warning.skip":
            skipped.append(parameters[0])
            return result(True)
        if len(skipped) < 2:
            return error("UserWarning", [f"warning,{len(skipped)}", "Sure?", ""])
        return result("done")

    assert await Server(answer).client().call("model.sale.sale.quote", [1]) == "done"
    assert skipped == ["warning,0", "warning,1"]


async def test_a_warning_that_the_settings_want_a_person_for_holds_the_document() -> None:
    server = Server(lambda *_: error("UserWarning", ["credit_limit,7", "Over the limit of Ada's account.", ""]))
    with pytest.raises(HeldError) as caught:
        await server.client(hold_on_warnings=("credit_limit*",)).call("model.sale.sale.confirm", [1], document="#1")
    assert (caught.value.code, caught.value.document) == ("erp_warning", "#1")
    assert server.count("model.res.user.warning.skip") == 0


async def test_a_tryton_that_never_stops_warning_holds_the_document() -> None:
    server = Server(lambda m, _: result(True) if m.endswith("skip") else error("UserWarning", ["again", "?", ""]))
    with pytest.raises(HeldError, match="keeps asking"):
        await server.client().call("model.sale.sale.confirm", [1])


async def test_a_read_that_fails_has_applied_nothing_and_a_write_may_have() -> None:
    server = Server(lambda *_: httpx.Response(502))
    for call, applied in (("read", False), ("call", True)):
        with pytest.raises(RetryableError) as caught:
            await getattr(server.client(), call)("model.sale.sale.read", [1])
        assert caught.value.maybe_applied is applied


async def test_an_answer_that_cannot_be_read_may_have_been_applied() -> None:
    server = Server(lambda *_: httpx.Response(200, text="<html>"))
    with pytest.raises(RetryableError) as caught:
        await server.client().call("model.sale.sale.create", [{}])
    assert (caught.value.code, caught.value.maybe_applied) == ("reply_unreadable", True)


async def test_the_password_is_in_no_error() -> None:
    server = Server(lambda *_: error("UserError", ["hidden trouble", "", None]))
    with pytest.raises(Exception, match="refuses") as caught:
        await server.client().call("model.sale.sale.create", [{}])
    assert "token" not in str(caught.value)
