"""Every way a request can end has one error class of ours, and a lost reply is never mistaken for a clean failure."""

import ssl
from datetime import UTC, datetime

import httpx
import pytest

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RejectedError, RetryableError
from connectors.http import SystemClient, retry_after_seconds, status_error, transport_error


def _request_errors(base: type[httpx.RequestError] = httpx.RequestError) -> list[type[httpx.RequestError]]:
    return [base, *(leaf for child in base.__subclasses__() for leaf in _request_errors(child))]


async def _fail_with(error: Exception) -> CrossdockError:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    async with SystemClient("erp", transport=httpx.MockTransport(handler)) as client:
        with pytest.raises(CrossdockError) as caught:
            await client.post("https://erp.example.com/", json={"secret": "s3cr3t"})
    return caught.value


@pytest.mark.parametrize("kind", _request_errors(), ids=lambda kind: kind.__name__)
async def test_no_exception_of_httpx_gets_out(kind: type[httpx.RequestError]) -> None:
    error = await _fail_with(kind("boom s3cr3t"))
    assert isinstance(error, RetryableError | MisconfiguredError)
    assert "s3cr3t" not in str(error)
    assert error.__cause__ is not None


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_a_request_that_never_left_was_not_applied(kind: type[httpx.RequestError]) -> None:
    error = await _fail_with(kind("down"))
    assert isinstance(error, RetryableError)
    assert error.code == "unreachable"
    assert not error.maybe_applied


@pytest.mark.parametrize(
    "kind", [httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, httpx.DecodingError]
)
async def test_a_lost_reply_may_have_been_applied(kind: type[httpx.RequestError]) -> None:
    error = await _fail_with(kind("gone"))
    assert isinstance(error, RetryableError)
    assert error.code == "reply_lost"
    assert error.maybe_applied


def test_a_refused_certificate_stops_the_lane() -> None:
    error = httpx.ConnectError("tls")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")
    assert isinstance(transport_error(error, "erp"), MisconfiguredError)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, MisconfiguredError),
        (400, RejectedError),
        (401, MisconfiguredError),
        (402, MisconfiguredError),
        (403, MisconfiguredError),
        (404, MisconfiguredError),
        (408, RetryableError),
        (409, ConflictError),
        (422, RejectedError),
        (423, MisconfiguredError),
        (429, RetryableError),
        (500, RetryableError),
        (501, MisconfiguredError),
        (503, RetryableError),
    ],
)
def test_a_status_has_its_class(status: int, expected: type[CrossdockError]) -> None:
    error = status_error(status, {}, "erp", document="#1001")
    assert type(error) is expected
    assert error.document == "#1001"


def test_success_is_no_error() -> None:
    assert status_error(204, {}, "erp") is None


def test_a_refusal_for_load_was_not_applied_but_a_server_error_may_have_been() -> None:
    busy, broken = status_error(429, {"Retry-After": "2.0"}, "erp"), status_error(502, {}, "erp")
    assert isinstance(busy, RetryableError)
    assert isinstance(broken, RetryableError)
    assert (busy.retry_after, busy.maybe_applied) == (2.0, False)
    assert (broken.retry_after, broken.maybe_applied) == (None, True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2", 2.0),
        ("2.5", 2.5),
        ("-1", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("Mon, 23 Nov 2026 10:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_in_every_form(text: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": text}, datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) == seconds
