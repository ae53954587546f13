"""Bulk operations: start, look at, cancel. `bulk_runner.py` does the work."""

from datetime import datetime, timedelta

from deployments.sandbox.shopify.bulk_runner import RESULTS_PATH, RUNNING, TYPE
from deployments.sandbox.shopify.domains.bulk_checks import mutation_errors, query_errors
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.listing import by, found, number
from deployments.sandbox.shopify.paging import Listing, SortKey
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search
from deployments.sandbox.shopify.uploads import upload_of

domain = Domain()
AT_ONCE = 5
LARGEST_FILE = 100 * 1024 * 1024
NO_FILE = (
    "The JSONL file could not be found. Try uploading the file again, and check that you've entered the URL correctly "
    "for the stagedUploadPath mutation argument."
)
SEARCH = Search(
    {
        "id": by("id"),
        "status": by("status"),
        "operation_type": by("type"),
        "created_at": by("createdAt"),
        "completed_at": by("completedAt"),
    }
)


@domain.mutation("bulkOperationRunQuery")
def run_query(call: Call, arguments: Arguments) -> Record:
    """Start a query over everything."""
    errors = query_errors(arguments["query"]) or _too_many(call, "QUERY")
    if errors:
        return {"bulkOperation": None, "userErrors": errors}
    return _start(call, "QUERY", arguments["query"], {})


@domain.mutation("bulkOperationRunMutation")
def run_mutation(call: Call, arguments: Arguments) -> Record:
    """Start a mutation for every line of an uploaded file."""
    identifier = arguments.get("clientIdentifier")
    errors = mutation_errors(arguments["mutation"], identifier) or _file_errors(call, arguments["stagedUploadPath"])
    errors = errors or _too_many(call, "MUTATION")
    if errors:
        return {"bulkOperation": None, "userErrors": errors}
    upload = upload_of(call.space, arguments["stagedUploadPath"])
    assert upload is not None
    return _start(call, "MUTATION", arguments["mutation"], {"upload": upload["key"], "clientIdentifier": identifier})


def _file_errors(call: Call, path: str) -> list[Record]:
    upload = upload_of(call.space, path)
    if upload is None or upload["size"] is None:
        return [user_error(None, NO_FILE, "NO_SUCH_FILE")]
    if not upload["size"]:
        return [user_error(None, "The input file is empty.", "INVALID_STAGED_UPLOAD_FILE")]
    if upload["size"] > LARGEST_FILE:
        message = "The input file size exceeds the maximum allowed size of 100 MB."
        return [user_error(None, message, "INVALID_STAGED_UPLOAD_FILE")]
    return []


def _too_many(call: Call, kind: str) -> list[Record]:
    under_way = [one["id"] for one in _mine(call) if one["type"] == kind and one["status"] in RUNNING]
    if len(under_way) < AT_ONCE:
        return []
    words = f"A bulk {kind.lower()} operation for this app and shop is already in progress: {', '.join(under_way)}."
    return [user_error(None, words, "OPERATION_IN_PROGRESS")]


def _start(call: Call, kind: str, document: str, more: Record) -> Record:
    record = {
        "type": kind,
        "status": "CREATED",
        "query": document,
        "errorCode": None,
        "completedAt": None,
        "objectCount": "0",
        "rootObjectCount": "0",
        "fileSize": None,
        "clientId": call.app.client_id,
        "version": call.version,
        "submittedAt": call.now.isoformat(),
        "done": 0,
        "written": 0,
        **more,
    }
    kept = call.state.add(call.shop, TYPE, record, topics=())
    return {"bulkOperation": reference(kept), "userErrors": []}


@domain.mutation("bulkOperationCancel")
def cancel(call: Call, arguments: Arguments) -> Record:
    """Ask for an end; the runner gets to it."""
    operation = call.find(arguments["id"])
    if operation is None:
        return {"bulkOperation": None, "userErrors": [user_error(["id"], "Bulk operation does not exist")]}
    if operation["status"] not in ("CREATED", "RUNNING"):
        message = f"A bulk operation cannot be canceled when it is {operation['status'].lower()}"
        return {"bulkOperation": reference(operation), "userErrors": [user_error(None, message)]}
    call.state.update(call.shop, operation["id"], {"status": "CANCELING"}, topics=())
    return {"bulkOperation": reference(operation), "userErrors": []}


@domain.query("bulkOperation")
def bulk_operation(call: Call, arguments: Arguments) -> Record | None:
    """An operation by id; null when it is unknown."""
    return call.find(arguments["id"])


@domain.query("currentBulkOperation")
def current(call: Call, arguments: Arguments) -> Record | None:
    """The latest operation of this app, of a type."""
    kind = arguments.get("type") or "QUERY"
    return next((one for one in reversed(_mine(call)) if one["type"] == kind), None)


@domain.query("bulkOperations")
def bulk_operations(call: Call, arguments: Arguments) -> Listing:
    """The operations of this app, the newest first unless reversed."""
    rows = found(call, "bulkOperations", _mine(call), SEARCH, arguments.get("query"))
    name = "completedAt" if arguments.get("sortKey") == "COMPLETED_AT" else "createdAt"
    return Listing(rows, key=_sorted_by(name), reverse=not arguments.get("reverse"))


def _sorted_by(name: str) -> SortKey:
    """By a moment; of two that are equal, or have none, the one started first comes first."""
    return lambda row: [row[name] or "", number(row)]


@domain.computed("BulkOperation", "url")
def url(call: Call, record: Record, _arguments: Arguments) -> str | None:
    """Where the result is, once there is one and until it expires."""
    return _result(call, record) if record["status"] in ("COMPLETED", "CANCELED") else None


@domain.computed("BulkOperation", "partialDataUrl")
def partial_url(call: Call, record: Record, _arguments: Arguments) -> str | None:
    """Where the part of the result is that a failed operation got to."""
    return _result(call, record) if record["status"] == "FAILED" else None


def _result(call: Call, record: Record) -> str | None:
    if not record["written"]:
        return None
    kept_until = int((datetime.fromisoformat(record["submittedAt"]) + timedelta(days=7)).timestamp())
    return f"{call.base_url}{RESULTS_PATH}/{record['result']}?Expires={kept_until}"


def _mine(call: Call) -> list[Record]:
    rows = [one for one in call.all(TYPE) if one["clientId"] == call.app.client_id]
    return sorted(rows, key=number)
