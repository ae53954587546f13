"""Errors as a shop answers them at the top level, with the codes of its recorded answers."""

from typing import Any

from graphql import GraphQLError

ACCESS_DOCUMENTATION = "https://shopify.dev/api/usage/access-scopes"
LIMITS_DOCUMENTATION = "https://shopify.dev/api/usage/rate-limits"


class ShopifyError(GraphQLError):
    """One entry of `errors` with a code. Raised by a resolver it nulls that field, and the rest is answered."""

    def __init__(self, message: str, code: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": code, **extensions})


def not_implemented(kind: str, field: str) -> ShopifyError:
    """The stand-in's own answer for a root field it does not have yet."""
    return ShopifyError(
        f"This stand-in does not implement the {kind} field '{field}' yet. "
        f"Add it to a module of deployments/sandbox/shopify/domains.",
        "STAND_IN_FIELD_MISSING",
        field=field,
    )


def access_denied(field: str, words: str) -> ShopifyError:
    """The token lacks the scope; `words` is what the schema says is required."""
    return ShopifyError(
        f"Access denied for {field} field. Required access: {words}",
        "ACCESS_DENIED",
        documentation=ACCESS_DOCUMENTATION,
        requiredAccess=words,
    )


def bad_request(message: str) -> ShopifyError:
    """A rule the schema does not state was broken: paging, cursors, a missing @idempotent."""
    return ShopifyError(message, "BAD_REQUEST")


def resource_not_found(value: str) -> ShopifyError:
    """A gid of the wrong type, or one no record can have."""
    return ShopifyError(f"Invalid id: {value}", "RESOURCE_NOT_FOUND")


def user_error(field: list[str] | None, message: str, code: str | None = None) -> dict[str, Any]:
    """An entry of `userErrors`; the code shows only where the error type has one."""
    return {"field": field, "message": message, "code": code}
