"""What Tryton says, as our error classes. JSON-RPC errors come with HTTP 200, in a list whose first entry is the kind.

    ["UserError", [message, description, domain]]     the content is refused            RejectedError
    ["UserWarning", [name, message, description]]     a person would be asked           TrytonWarning (client decides)
    ["ConcurrencyException", [message]]               changed since it was read         ConflictError
    ["LoginException", ...], HTTP 401, 403            log-in or access refused          MisconfiguredError
    ["'party.nix'", ""]  (the text of a KeyError)     a model or field is missing       MisconfiguredError
    any other text                                    a programming error in Tryton     RejectedError
    HTTP 429, 5xx                                     `connectors.http`                 RetryableError

Tryton's messages quote the values they refuse, so anything that may be a customer's is taken out of them.
"""

import re
from typing import Any

from canonical.errors import ConflictError, CrossdockError, MisconfiguredError, RejectedError

SYSTEM = "Tryton"
_ONE_NAME = re.compile(r"^'[A-Za-z_][\w.]*'$")
_QUOTED = re.compile(r'"[^"]*"')
_E_MAIL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
_LONG_NUMBER = re.compile(r"\+?\d[\d\s()./-]{6,}\d")


class TrytonWarning(Exception):  # noqa: N818  # Tryton's own word; it never leaves the connector
    """Tryton asks whether to go on. `name` acknowledges it; the same call has to be made again then."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name)
        self.name, self.message = name, message


def rpc_error(error: Any, document: str | None = None) -> CrossdockError | TrytonWarning:
    """The error of a JSON-RPC answer. `document` names what the call was about."""
    kind, details = _parts(error)
    if kind == "UserWarning":
        name, message = [*details, "", ""][:2]
        return TrytonWarning(str(name), redacted(str(message)))
    message = redacted(str(details[0])) if details else ""
    if kind == "UserError":
        return RejectedError(
            f"{SYSTEM} refuses it: {message}",
            code="erp_refused",
            document=document,
            way_out="Correct the order or the master data in Tryton, then replay it.",
        )
    if kind == "ConcurrencyException":
        return ConflictError(f"{SYSTEM}'s record changed in the meanwhile", code="erp_changed", document=document)
    if kind == "LoginException" or _ONE_NAME.match(kind):
        return MisconfiguredError(
            f"{SYSTEM} does not know {kind}" if kind != "LoginException" else f"{SYSTEM} wants another log-in",
            code="erp_incompatible",
            document=document,
            way_out="Check the version of Tryton, its activated modules and the connector's user.",
        )
    return RejectedError(
        f"{SYSTEM} failed on it: {redacted(kind)}",
        code="erp_failed",
        document=document,
        way_out="See Tryton's log; the document is not booked.",
    )


def redacted(message: str) -> str:
    """A message without what may be a customer's: e-mail addresses, telephone numbers, refused values.

    >>> redacted('The value "Ada Marsh" for field "Name" in record "4" of "Party" is not valid.')
    'The value "…" for field "Name" in record "…" of "Party" is not valid.'
    """
    text = _QUOTED.sub(_keep_field, message)
    return _LONG_NUMBER.sub("…", _E_MAIL.sub("…", text))[:500]


def _keep_field(match: re.Match[str]) -> str:
    """Quoted names of fields and models stay; quoted values go."""
    before = match.string[: match.start()]
    return match.group(0) if before.endswith(("field ", " of ", "model ")) else '"…"'


def _parts(error: Any) -> tuple[str, list[Any]]:
    """The kind and the details of an error, whatever its shape."""
    if not isinstance(error, list) or not error:
        return str(error), []
    kind, rest = str(error[0]), error[1:]
    details = rest[0] if len(rest) == 1 and isinstance(rest[0], list) else rest
    return kind, list(details)
