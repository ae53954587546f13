"""One GraphQL request from text to answer: parse, check, price, reserve, run, settle.

The order is a shop's: nothing runs and nothing is charged for a document that is not valid; the bucket must hold the
requested cost before execution and gets the unused part back; errors of resolvers leave the rest of the data.
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    execute_sync,
    parse,
)
from graphql.error import GraphQLSyntaxError

from deployments.sandbox.shopify.buckets import MAX_QUERY_COST, Bucket
from deployments.sandbox.shopify.cost import CostEstimator
from deployments.sandbox.shopify.errors import LIMITS_DOCUMENTATION
from deployments.sandbox.shopify.registry import Call, Domain
from deployments.sandbox.shopify.resolve import Resolver
from deployments.sandbox.shopify.schema import Published
from deployments.sandbox.shopify.static_checks import syntax_error, validation_errors
from deployments.sandbox.shopify.variables import check_variables

Body = dict[str, Any]
DOCUMENTS_KEPT = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What a client posts."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parsed and checked document: entries of `errors` when it is not valid."""

    document: DocumentNode | None
    errors: list[Body]

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation to run; None when the name says nothing or nothing clear."""
        found = [one for one in self.document.definitions if isinstance(one, OperationDefinitionNode)]  # type: ignore[union-attr]
        if name:
            return next((one for one in found if one.name and one.name.value == name), None)
        return found[0] if len(found) == 1 else None


class Engine:
    """Runs requests against the records. One a process; the caller says who asks and from which bucket it is paid."""

    def __init__(self, published: Published, domain: Domain) -> None:
        self._schema = published.schema
        self._resolver = Resolver(published, domain)
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()

    def prepare(self, query: str) -> Prepared:
        """Parse and validate, remembering the last documents: clients send the same few again and again."""
        known = self._prepared.get(query)
        if known is not None:
            self._prepared.move_to_end(query)
            return known
        prepared = self._parse(query)
        self._prepared[query] = prepared
        if len(self._prepared) > DOCUMENTS_KEPT:
            self._prepared.popitem(last=False)
        return prepared

    def _parse(self, query: str) -> Prepared:
        try:
            document = parse(query)
        except GraphQLSyntaxError as error:
            return Prepared(None, [syntax_error(error)])
        return Prepared(document, validation_errors(self._schema, document))

    def answer(self, call: Call, request: Request, bucket: Bucket, request_id: str) -> Body:
        """The body of the answer; always an HTTP 200."""
        prepared = self.prepare(request.query)
        if prepared.errors or prepared.document is None:
            return {"errors": prepared.errors}
        operation = prepared.operation(request.operation_name)
        if operation is None:
            return {"errors": [{"message": _no_operation(request.operation_name)}]}
        variables, entries = check_variables(self._schema, operation, request.variables)
        if entries:
            return {"errors": entries}
        estimator = CostEstimator(self._schema, prepared.document, operation)
        requested = estimator.requested(variables)
        if requested > MAX_QUERY_COST:
            return {"errors": [_too_expensive(requested)]}
        if not bucket.take(requested):
            return throttled(requested, bucket)
        result = self._run(call, prepared.document, operation, request.variables)
        body = self._body(result, request_id)
        actual = estimator.actual(variables, body["data"])
        bucket.give_back(requested - actual)
        body["extensions"] = _extensions(call, requested, actual, bucket)
        return body

    def run_free(self, call: Call, request: Request, request_id: str) -> Body:
        """What a bulk operation does of a document, without cost: `data`, and `errors` when there are any."""
        prepared = self.prepare(request.query)
        operation = prepared.operation(None) if prepared.document else None
        if prepared.document is None or operation is None or prepared.errors:
            return {"errors": prepared.errors or [{"message": _no_operation(None)}]}
        _, entries = check_variables(self._schema, operation, request.variables)
        if entries:
            return {"errors": entries}
        return self._body(self._run(call, prepared.document, operation, request.variables), request_id)

    def _run(self, call: Call, document: DocumentNode, operation: OperationDefinitionNode, variables: Body) -> Any:
        return execute_sync(
            self._schema,
            document,
            root_value={},
            context_value=call,
            variable_values=variables,
            operation_name=operation.name.value if operation.name else None,
            field_resolver=self._resolver.field,
            type_resolver=self._resolver.type_of,
        )

    @staticmethod
    def _body(result: ExecutionResult, request_id: str) -> Body:
        body: Body = {"data": result.data}
        if result.errors:
            body["errors"] = [_formatted(error, request_id) for error in result.errors]
        return body


def roots_of(operation: OperationDefinitionNode) -> list[str]:
    """The root fields an operation asks for."""
    return [one.name.value for one in operation.selection_set.selections if isinstance(one, FieldNode)]


def is_mutation(operation: OperationDefinitionNode) -> bool:
    """Whether an operation writes."""
    return operation.operation is OperationType.MUTATION


def throttled(requested: int, bucket: Bucket) -> Body:
    """The answer when the bucket does not hold the requested cost."""
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": bucket.status()}
    extensions = {"code": "THROTTLED", "documentation": LIMITS_DOCUMENTATION}
    return {"errors": [{"message": "Throttled", "extensions": extensions}], "extensions": {"cost": cost}}


def internal_error(request_id: str) -> Body:
    """An entry of `errors` for what went wrong inside the shop."""
    message = f"Internal error. Looks like something went wrong on our end.\nRequest ID: {request_id}"
    return {"message": message, "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}}


def _no_operation(name: str | None) -> str:
    return f'No operation named "{name}"' if name else "An operation name is required"


def _too_expensive(requested: int) -> Body:
    message = f"Query cost is {requested}, which exceeds the single query max cost limit ({MAX_QUERY_COST}). "
    message += (
        "See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the cost is computed."
    )
    extensions = {
        "code": "MAX_COST_EXCEEDED",
        "cost": requested,
        "maxCost": MAX_QUERY_COST,
        "documentation": "https://shopify.dev/api/usage/limits#rate-limits",
    }
    return {"message": message, "extensions": extensions}


def _formatted(error: GraphQLError, request_id: str) -> Body:
    entry: Body = {"message": error.message, "locations": [spot.formatted for spot in error.locations or ()]}
    if error.message.startswith("Cannot return null for non-nullable field"):
        entry["extensions"] = {"code": "STAND_IN_VALUE_MISSING"}
    elif error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        _log.error("a resolver failed at %s", error.path, exc_info=error.original_error)
        entry |= internal_error(request_id)
    else:
        entry["extensions"] = error.extensions or {}
    entry["path"] = error.path or []
    return entry


def _extensions(call: Call, requested: int, actual: int, bucket: Bucket) -> Body:
    cost = {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": bucket.status()}
    return {"cost": cost, **({"search": call.search_notes} if call.search_notes else {})}
