"""`@idempotent(key:)`: a repeat within 24 hours gets the first result, rebuilt from the records as they are now.

Keys are records like any other and are committed together with what their mutation did: whatever kills the stand-in,
it knows a key exactly when it knows the effect.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from graphql import FieldNode, OperationDefinitionNode, StringValueNode, VariableNode

from deployments.sandbox.shopify.errors import bad_request, user_error
from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.registry import Call, UnderWay

TYPE = "IdempotencyKey"
KEPT = timedelta(hours=24)
FORGOTTEN_A_CALL = 20
MISSING = "The @idempotent directive is required for this mutation but was not provided."
MISMATCH = "The same idempotency key was used with different parameters."
IN_PROGRESS = "This request is currently in progress, please try again."
FAILED_BEFORE = "The previous attempt with this idempotency key failed. Retry with a new idempotency key."
FAILED_CODE = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"


@dataclass(frozen=True, slots=True)
class Use:
    """A mutation that takes a key: the lists of its payload that hold user errors, and the codes these may have."""

    mutation: str
    error_lists: tuple[str, ...]
    codes: frozenset[str]

    def refused(self, code: str, message: str) -> dict[str, Any]:
        """A payload that says why nothing was done."""
        return {name: [user_error(None, message, code)] for name in self.error_lists}


def run_once(call: Call, use: Use, key: str | None, arguments: dict[str, Any], act: Callable[[], Any]) -> Any:
    """Run a mutation once for its key. Raises ShopifyError when the directive is missing or blank.

    Two requests never run at once here; one held up by the fault `slow` is what makes a key "in progress".
    """
    if key is None:
        raise bad_request(MISSING)
    if not key.strip():
        raise bad_request("The idempotency key cannot be blank.")
    _forget(call)
    if (call.app.client_id, use.mutation, key) in call.under_way:
        return use.refused("IDEMPOTENCY_CONCURRENT_REQUEST", IN_PROGRESS)
    place = gid(TYPE, _digest([call.app.client_id, use.mutation, key]))
    fingerprint = _digest(arguments)
    earlier = call.find(place)
    if earlier is not None and _is_old(call, earlier):
        call.state.remove(call.shop, place, topics=())
        earlier = None
    if earlier is None:
        earlier = {"id": place, "fingerprint": fingerprint, "payload": None}
        earlier = call.state.add(call.shop, TYPE, earlier, topics=())
    elif earlier["fingerprint"] != fingerprint:
        return use.refused("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", MISMATCH)
    elif earlier["payload"] is not None:
        return earlier["payload"]
    elif not use.codes or FAILED_CODE in use.codes:
        return use.refused(FAILED_CODE, FAILED_BEFORE)
    payload = act()
    call.state.update(call.shop, place, {"payload": payload, "updatedAt": earlier["createdAt"]}, topics=())
    return payload


def _forget(call: Call) -> None:
    """Drop the keys that are too old, oldest first, a few a call: after a restart their order is another."""
    rows = call.space.records.get(TYPE, {})
    for _ in range(FORGOTTEN_A_CALL):
        oldest = next(iter(rows.values()), None)
        if oldest is None or not _is_old(call, oldest):
            return
        call.state.remove(call.shop, oldest["id"], topics=())


def keys_in(operation: OperationDefinitionNode, variables: dict[str, Any], client_id: str) -> Iterator[UnderWay]:
    """The keys a document brings, each with its app and mutation."""
    for node in operation.selection_set.selections:
        for directive in node.directives or ():
            if not isinstance(node, FieldNode) or directive.name.value != "idempotent":
                continue
            value: Any = directive.arguments[0].value if directive.arguments else None
            if isinstance(value, StringValueNode):
                yield client_id, node.name.value, value.value
            elif isinstance(value, VariableNode):
                yield client_id, node.name.value, str(variables.get(value.name.value))


def _is_old(call: Call, record: Record) -> bool:
    return datetime.fromisoformat(record["createdAt"]) <= call.now - KEPT


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
