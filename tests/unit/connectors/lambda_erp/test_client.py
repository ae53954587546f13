"""What Lambda ERP answers, as data or as the class of error that says what to do next."""

from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr

from canonical.errors import ConflictError, MisconfiguredError, RejectedError, RetryableError
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.settings import LambdaErpSettings

SETTINGS = LambdaErpSettings(url="http://127.0.0.1:1/", api_key=SecretStr("hidden"), company="NORTH")


def client(answer: httpx.Response | Callable[[httpx.Request], httpx.Response]) -> LambdaErpClient:
    return LambdaErpClient(SETTINGS, httpx.MockTransport(answer if callable(answer) else lambda _: answer))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, MisconfiguredError),
        (404, MisconfiguredError),
        (409, ConflictError),
        (422, RejectedError),
        (500, RetryableError),
        (503, RetryableError),
    ],
)
async def test_each_status_has_its_class(status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await client(httpx.Response(status, json={"detail": "because"})).write("documents/sales-order", {})


async def test_a_refusal_tells_its_reason() -> None:
    answer = httpx.Response(422, json={"detail": "Sales Order: row 1 Item Code 'NIX' does not exist in Item"})
    with pytest.raises(RejectedError, match="Item Code 'NIX' does not exist") as caught:
        await client(answer).write("documents/sales-order", {}, document="#1001")
    assert caught.value.document == "#1001"


async def test_a_record_that_does_not_exist_is_none_and_not_an_error() -> None:
    assert (
        await client(httpx.Response(200, json={"detail": "Customer X not found"})).record("masters/customer/X") is None
    )


async def test_a_read_that_fails_has_applied_nothing_and_a_write_may_have() -> None:
    down = httpx.Response(502)
    with pytest.raises(RetryableError) as read:
        await client(down).rows("masters/customer")
    with pytest.raises(RetryableError) as written:
        await client(down).write("masters/customer", {})
    assert (read.value.maybe_applied, written.value.maybe_applied) == (False, True)


async def test_an_answer_that_cannot_be_read_may_have_been_applied() -> None:
    with pytest.raises(RetryableError) as caught:
        await client(httpx.Response(200, text="<html>")).write("documents/sales-order", {})
    assert caught.value.maybe_applied


async def test_the_key_travels_in_the_header_and_prints_as_asterisks() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={"rows": []})

    assert await client(answer).rows("masters/customer") == []
    assert seen == ["Bearer hidden"]
    assert "hidden" not in repr(SETTINGS)


def test_everything_missing_in_the_environment_is_told_at_once() -> None:
    with pytest.raises(MisconfiguredError) as caught:
        LambdaErpSettings.load("north", url="ftp://nowhere")
    for variable in ("URL", "API_KEY", "COMPANY"):
        assert f"CROSSDOCK_COMPANY_NORTH_LAMBDA_{variable}" in caught.value.words
