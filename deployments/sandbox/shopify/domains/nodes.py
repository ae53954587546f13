"""`node`, `nodes`, `job` and the number every legacy id repeats."""

from deployments.sandbox.shopify.domains.returns import returnable_by_id
from deployments.sandbox.shopify.errors import resource_not_found
from deployments.sandbox.shopify.jobs import job_result
from deployments.sandbox.shopify.records import Record, gid_tail, gid_type
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.schema import published

domain = Domain()
_LEGACY_TYPES = (
    "Collection",
    "Customer",
    "DraftOrder",
    "Fulfillment",
    "InventoryItem",
    "Location",
    "Metafield",
    "Order",
    "Product",
    "ProductVariant",
    "Refund",
    "WebhookSubscription",
)


@domain.query("node")
def node(call: Call, arguments: Arguments) -> Record | None:
    """Any record by id; null when there is none of it."""
    return _find(call, arguments["id"])


@domain.query("nodes")
def nodes(call: Call, arguments: Arguments) -> list[Record | None]:
    """Records by id, null where there is none, in the order asked."""
    return [_find(call, one) for one in arguments["ids"]]


@domain.query("job")
def job(call: Call, arguments: Arguments) -> Record:
    """A job by id; one that is unknown counts as done."""
    return call.find(arguments["id"]) or {"id": arguments["id"], "done": True}


for _type in _LEGACY_TYPES:

    @domain.computed(_type, "legacyResourceId")
    def legacy_resource_id(_call: Call, record: Record, _arguments: Arguments) -> str:
        """The number in the gid."""
        return gid_tail(record["id"])


def _find(call: Call, record_id: str) -> Record | None:
    type_name = gid_type(record_id)
    if type_name is None:
        raise resource_not_found(record_id)
    if type_name == "OrderCancelJobResult":
        return job_result(call, record_id)
    if type_name == "ReturnableFulfillment":
        return returnable_by_id(call, record_id)
    known = {one.name for one in published().schema.get_possible_types(published().schema.type_map["Node"])}  # type: ignore[arg-type]
    return call.find(record_id) if type_name in known else None
