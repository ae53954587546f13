"""Staged uploads: a file is sent to Shopify's file store, and named by its path in the call that uses it."""

from typing import Any, Final

from canonical.errors import RejectedError
from canonical.ports.budget import Lane
from connectors.http import status_error
from connectors.shopify.client import ShopifyClient
from connectors.shopify.errors import user_error

BULK: Final = "BULK_MUTATION_VARIABLES"
IMAGE: Final = "IMAGE"


async def upload(client: ShopifyClient, name: str, content: bytes, *, mime_type: str, resource: str) -> str:
    """Send a file. Returns its path (for bulk operations), or its address (for pictures)."""
    wanted = {"filename": name, "mimeType": mime_type, "resource": resource, "httpMethod": "POST"}
    answer = await client.call("create_uploads", {"input": [wanted]}, lane=Lane.CATALOGUE, document=name)
    payload = answer.data.get("stagedUploadsCreate") or {}
    if errors := payload.get("userErrors"):
        raise user_error(errors, answer.headers, name)
    target = payload["stagedTargets"][0]
    fields = {parameter["name"]: parameter["value"] for parameter in target["parameters"]}
    response = await client.http.post(target["url"], data=fields, files={"file": (name, content, mime_type)})
    if error := status_error(response.status_code, response.headers, "Shopify's file store", document=name):
        raise error
    return _place(target, fields, name) if resource == BULK else str(target["resourceUrl"])


def _place(target: dict[str, Any], fields: dict[str, str], name: str) -> str:
    if key := fields.get("key"):
        return key
    raise RejectedError("Shopify's upload target has no key", code="upload_unreadable", document=name, field="key")
