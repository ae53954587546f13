"""Staged uploads as records: a target a client may send a file to, and what it sent."""

from deployments.sandbox.shopify.blobs import Blobs
from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.state import ShopSpace, State

TYPE = "SandboxStagedUpload"
PATH = "/_uploads"


def keep_target(state: State, shop: str, key: str, mime_type: str, resource: str) -> Record:
    """Remember that a file may be sent under a key."""
    record = {"id": _gid(key), "key": key, "mimeType": mime_type, "resource": resource, "size": None}
    return state.add(shop, TYPE, record, topics=())


def upload_of(space: ShopSpace, key_or_url: str) -> Record | None:
    """The target a key or a resource URL speaks of, None when none was given out. `size` is None until it is sent."""
    key = key_or_url.split("?", 1)[0]
    key = key.rpartition(f"{PATH}/")[2] if f"{PATH}/" in key else key
    return space.records.get(TYPE, {}).get(_gid(key))


def receive(state: State, blobs: Blobs, key: str, content: bytes) -> Record | None:
    """Take a file in for the target of a key; None when no shop gave that key out."""
    for shop in state.shops:
        record = upload_of(state.space(shop), key)
        if record is not None:
            blobs.put(key, content)
            return state.update(shop, record["id"], {"size": len(content)}, topics=())
    return None


def _gid(key: str) -> str:
    """An id may hold no further slash."""
    return gid(TYPE, key.replace("/", ":"))
