"""Files: pictures, videos and documents, ready a moment after they were named, as a shop's are."""

import mimetypes
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Call

READY_SECONDS = 2.0
LONGEST_ALT = 512
# Record type -> content type of files, and of media on a product.
KINDS = {"MediaImage": "IMAGE", "Video": "VIDEO", "ExternalVideo": "EXTERNAL_VIDEO", "Model3d": "MODEL_3D"}
TYPES = {**{content: name for name, content in KINDS.items()}, "FILE": "GenericFile"}
# Every picture has this size: nothing is downloaded.
WIDTH, HEIGHT = 600, 400


def type_of(given: Record) -> str:
    """The record type of a file: as told, else by the ending of its name."""
    if given.get("contentType"):
        return TYPES[given["contentType"]]
    guessed = mimetypes.guess_type(_path(given))[0] or ""
    return {"image": "MediaImage", "video": "Video"}.get(guessed.split("/")[0], "GenericFile")


def is_url(text: str | None) -> bool:
    """Whether a text can be the address of a file; nothing is asked of it."""
    parts = urlsplit((text or "").strip())
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def add_file(call: Call, given: Record) -> Record:
    """Keep a file; it is ready a moment later, or failed when its host can have no address (`.invalid`)."""
    source, type_name = given["originalSource"], type_of(given)
    ready = call.now + timedelta(seconds=READY_SECONDS)
    record: Record = {
        "id": gid(type_name, call.space.number()),
        "alt": given.get("alt"),
        "filename": given.get("filename") or _path(given).rsplit("/", 1)[-1],
        "source": source,
        "readyAt": ready.isoformat(),
        "reachable": not (urlsplit(source).hostname or "").endswith(".invalid"),
    }
    if type_name in KINDS:
        record["mediaContentType"] = KINDS[type_name]
    return call.state.add(call.shop, type_name, record, topics=())


def status_of(call: Call, record: Record) -> str:
    """UPLOADED, then READY or FAILED."""
    if datetime.fromisoformat(record["readyAt"]) > call.now:
        return "UPLOADED"
    return "READY" if record["reachable"] else "FAILED"


def address_of(call: Call, record: Record) -> str:
    """Where a shop serves the file from."""
    return f"https://cdn.shopify.com/s/files/1/{call.shop.split('.')[0]}/files/{record['filename']}"


def mime_of(record: Record) -> str | None:
    """The kind of content, by the ending of the name."""
    return mimetypes.guess_type(record["filename"])[0]


def product_media(call: Call, given: Sequence[Record]) -> list[Record]:
    """References to the media of a product as an input lists them: known by id, or new."""
    return [{"id": one["id"]} if one.get("id") else reference(add_file(call, one)) for one in given]


def media_of_input(given: Iterable[Record] | None) -> list[Record]:
    """CreateMediaInput as the input of a file."""
    return [{**one, "contentType": one["mediaContentType"]} for one in given or ()]


def source_errors(given: Iterable[Record] | None, path: list[str], code: str, words: str) -> list[Record]:
    """One error for each file whose address is none."""
    return [
        user_error([*path, str(place), "originalSource"], words, code)
        for place, one in enumerate(given or ())
        if not one.get("id") and not is_url(one.get("originalSource"))
    ]


def image_of(call: Call, record: Record) -> Record | None:
    """The picture of a ready image."""
    if status_of(call, record) != "READY":
        return None
    url = address_of(call, record)
    number = record["id"].rsplit("/", 1)[-1]
    picture: dict[str, Any] = {"id": f"gid://shopify/ImageSource/{number}", "url": url, "src": url, "originalSrc": url}
    return {**picture, "transformedSrc": url, "altText": record.get("alt"), "width": WIDTH, "height": HEIGHT}


def _path(given: Record) -> str:
    return str(given.get("filename") or urlsplit(given["originalSource"]).path)
