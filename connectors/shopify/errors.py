"""What Shopify can answer, as our five error classes. We switch on codes, never on texts (they change).

    HTTP status               402, 423, 430: the shop is shut for us; the rest by `connectors.http.status_error`
    top-level errors          by `extensions.code`, with or without partial data (`graphql_error`)
    userErrors                by code where the type has one (`user_error`)

Every message ends with Shopify's request id, which its support asks for. Texts that Shopify sends may quote what a
shopper typed, so they pass `masked`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RejectedError, RetryableError
from canonical.ports.budget import Throttle
from connectors.http import status_error

_SHUT = {402: "the shop is frozen", 423: "the shop is locked", 430: "Shopify's security refuses our requests"}
_STOP = {
    "ACCESS_DENIED": "the app lacks a permission",
    "SHOP_INACTIVE": "the shop is inactive",
    "MAX_COST_EXCEEDED": "the operation costs more than one query may",
    "FORBIDDEN": "the app lacks a permission",
}
_TEMPORARY = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE", "INTERNAL_ERROR"})
_DATA_WRONG = frozenset(
    {
        "INVALID_VARIABLE",
        "INVALID_FIELD_ARGUMENTS",
        "BAD_REQUEST",
        "RESOURCE_NOT_FOUND",
        "NOT_FOUND",
        "INVALID",
        "MAX_INPUT_SIZE_EXCEEDED",
    }
)
_CONFLICT = frozenset(
    {
        "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
        "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED",
        "CHANGE_FROM_QUANTITY_STALE",
        "STALE_OBJECT",
        "INVALID_COMPARE_DIGEST",
    }
)
_STATIC = re.compile(r"^[a-z][A-Za-z]+$|^PARSE_ERROR$")  # undefinedField, argumentNotAccepted ... : graphql-ruby
_E_MAIL = re.compile(r"[^\s<>\"'@]+@[^\s<>\"'@]+")
_LONG_NUMBER = re.compile(r"\+?\d[\d ()/-]{7,}\d")
_LONGEST = 300


def http_error(status: int, headers: Mapping[str, str], document: str | None) -> CrossdockError | None:
    """Our error for the HTTP status of an Admin API answer; None for 200."""
    if status in _SHUT:
        return MisconfiguredError(
            f"{_SHUT[status]} (HTTP {status}){_request(headers)}",
            code=f"http_{status}",
            document=document,
            way_out="Look at the shop's status and plan in Shopify.",
        )
    return status_error(status, headers, "Shopify", document=document, detail=_request(headers).strip())


def graphql_error(
    errors: object, headers: Mapping[str, str], document: str | None, cost: Mapping[str, Any] | None
) -> CrossdockError:
    """Our error for top-level `errors`; the worst one decides: stop, then retry, then reject."""
    found = [_top_level(error, headers, document, cost) for error in _listed(errors)]
    for kind in (MisconfiguredError, RetryableError, ConflictError):
        for error in found:
            if isinstance(error, kind):
                return error
    return found[0]


def user_error(errors: Sequence[Mapping[str, Any]], headers: Mapping[str, str], document: str | None) -> CrossdockError:
    """Our error for the `userErrors` of a payload: nothing of this payload was done."""
    first = errors[0]
    code = str(first.get("code") or "user_error")
    words = f"Shopify refused it: {masked('; '.join(str(e.get('message')) for e in errors))}{_request(headers)}"
    field = ".".join(str(part) for part in first.get("field") or ()) or None
    if code == "IDEMPOTENCY_CONCURRENT_REQUEST":
        return RetryableError(words, code=code, document=document, field=field, maybe_applied=True)
    if code in _TEMPORARY:
        return RetryableError(words, code=code, document=document, field=field, maybe_applied=True)
    if code in _CONFLICT:
        return ConflictError(words, code=code, document=document, field=field)
    if code == "APP_NOT_AUTHORIZED":
        return MisconfiguredError(words, code=code, document=document, field=field, way_out="Grant the app the scope.")
    return RejectedError(
        words, code=code, document=document, field=field, way_out="Correct it in Shopify or here, then replay."
    )


def throttle_of(cost: Mapping[str, Any] | None) -> Throttle | None:
    """The bucket in `extensions.cost`; None when the answer has none."""
    status = (cost or {}).get("throttleStatus")
    if not isinstance(status, Mapping):
        return None
    return Throttle(
        maximum=float(status["maximumAvailable"]),
        available=float(status["currentlyAvailable"]),
        restore_rate=float(status["restoreRate"]),
    )


def masked(text: str) -> str:
    """Text of Shopify's without e-mail addresses and long numbers (phones, cards), at most 300 characters."""
    clean = _LONG_NUMBER.sub("(number)", _E_MAIL.sub("(e-mail)", " ".join(text.split())))
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


def _top_level(
    error: Mapping[str, Any], headers: Mapping[str, str], document: str | None, cost: Mapping[str, Any] | None
) -> CrossdockError:
    extensions = error.get("extensions") or {}
    code = str(extensions.get("code") or "graphql_error")
    path = ".".join(str(part) for part in error.get("path") or ()) or None
    told = f"{masked(str(error.get('message')))}{_request(headers)}"
    if code == "THROTTLED":
        return RetryableError(
            f"Shopify throttled the call{_request(headers)}", code=code, document=document, retry_after=_wait(cost)
        )
    if code in _TEMPORARY:
        return RetryableError(told, code=code, document=document, field=path, maybe_applied=True)
    if code in _STOP or "not approved to access" in told:
        needed = masked(str(extensions.get("requiredAccess") or "")) or "See the permissions of the app in Shopify."
        words = f"{_STOP.get(code, 'the app may not see protected data')}: {told}"
        return MisconfiguredError(words, code=code, document=document, field=path, way_out=needed)
    if _STATIC.match(code):
        return MisconfiguredError(
            f"this API version does not know the operation: {told}",
            code=code,
            document=document,
            field=path,
            way_out="Compare the API version in the settings with the one served.",
        )
    return RejectedError(
        told,
        code=code,
        document=document,
        field=path,
        way_out="Correct the document and replay it."
        if code in _DATA_WRONG
        else "Ask Shopify support with the request id.",
    )


def _wait(cost: Mapping[str, Any] | None) -> float | None:
    """Seconds until the bucket holds what the throttled call requested."""
    throttle, requested = throttle_of(cost), (cost or {}).get("requestedQueryCost")
    if throttle is None or requested is None or throttle.restore_rate <= 0:
        return None
    return max(0.0, (float(requested) - throttle.available) / throttle.restore_rate)


def _listed(errors: object) -> list[Mapping[str, Any]]:
    """`errors` as a list of mappings; some answers carry a bare string or a dictionary."""
    entries = errors if isinstance(errors, list) else [errors]
    return [e if isinstance(e, Mapping) else {"message": str(e)} for e in entries] or [{"message": "no reason given"}]


def _request(headers: Mapping[str, str]) -> str:
    request_id = next((value for name, value in headers.items() if name.lower() == "x-request-id"), None)
    return f" [request {request_id}]" if request_id else " [no request id]"
