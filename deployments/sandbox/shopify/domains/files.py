"""Files of the shop, and the media of products and variants."""

from typing import Any

from deployments.sandbox.shopify import media
from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.listing import by, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search

domain = Domain()
FILE_TYPES = (*media.KINDS, "GenericFile")
TOO_LONG = f"The alt value exceeds the maximum limit of {media.LONGEST_ALT} characters."
_SORT = {
    "CREATED_AT": sorted_by("createdAt"),
    "FILENAME": sorted_by("filename"),
    "ID": sorted_by("id"),
    "UPDATED_AT": sorted_by("updatedAt"),
}
_MEDIA_TYPES = {"MediaImage": "IMAGE", "Video": "VIDEO", "GenericFile": "GENERIC_FILE", "Model3d": "MODEL3D"}


@domain.query("files")
def files(call: Call, arguments: Arguments) -> Listing:
    """All files, searched and sorted."""
    search = Search(
        {
            "id": by("id"),
            "filename": by("filename"),
            "created_at": by("createdAt"),
            "updated_at": by("updatedAt"),
            "original_source": by("source"),
        },
        {
            "media_type": lambda record, text: _MEDIA_TYPES.get(record["id"].split("/")[3]) == text.upper(),
            "status": lambda record, text: media.status_of(call, record).lower() == text.lower(),
        },
        words=(by("filename"), by("alt")),
    )
    rows = [row for name in FILE_TYPES for row in call.all(name)]
    return listing(call, "files", rows, search, _SORT, arguments)


@domain.mutation("fileCreate")
def file_create(call: Call, arguments: Arguments) -> Record:
    """Take in files by address, all or none; they are ready a moment later."""
    errors = [error for place, one in enumerate(arguments["files"]) for error in _faults(place, one)]
    if errors:
        return {"files": [], "userErrors": errors}
    return {"files": [reference(media.add_file(call, one)) for one in arguments["files"]], "userErrors": []}


def _faults(place: int, given: Record) -> list[Record]:
    def fault(field: str, words: str, code: str) -> Record:
        return user_error(["files", str(place), field], words, code)

    if not media.is_url(given["originalSource"]):
        return [fault("originalSource", "File URL is invalid", "INVALID_IMAGE_SOURCE_URL")]
    found = []
    if len(given.get("alt") or "") > media.LONGEST_ALT:
        found.append(fault("alt", TOO_LONG, "ALT_VALUE_LIMIT_EXCEEDED"))
    name, source = given.get("filename"), given["originalSource"].split("?")[0].rsplit("/", 1)[-1]
    if name and "." in source and _ending(name) != _ending(source):
        words = "Provided filename extension must match original source."
        found.append(fault("filename", words, "MISMATCHED_FILENAME_AND_ORIGINAL_SOURCE"))
    if given.get("duplicateResolutionMode") == "REPLACE" and not name:
        words = "Missing filename argument when attempting to use REPLACE duplicate mode."
        found.append(fault("filename", words, "MISSING_FILENAME_FOR_DUPLICATE_MODE_REPLACE"))
    return found


def _ending(name: str) -> str:
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""


@domain.mutation("fileUpdate")
def file_update(call: Call, arguments: Arguments) -> Record:
    """Change the text of files, and which products show them; all or none."""
    errors = _update_errors(call, arguments["files"])
    if errors:
        return {"files": [], "userErrors": errors}
    for one in arguments["files"]:
        fields = {name: one[name] for name in ("alt", "filename") if one.get(name) is not None}
        if fields:
            call.state.update(call.shop, one["id"], fields, topics=())
        for product_id in one.get("referencesToAdd") or ():
            _show(call, product_id, one["id"], shown=True)
        for product_id in one.get("referencesToRemove") or ():
            _show(call, product_id, one["id"], shown=False)
    return {"files": [{"id": one["id"]} for one in arguments["files"]], "userErrors": []}


def _update_errors(call: Call, given: list[Record]) -> list[Record]:
    missing = [one["id"] for one in given if call.find(one["id"]) is None]
    if missing:
        listed = ", ".join(f'"{one}"' for one in missing)
        words = f"File id [{listed}] does not exist." if len(missing) == 1 else f"File ids [{listed}] do not exist."
        return [user_error(["files"], words, "FILE_DOES_NOT_EXIST")]
    if any(media.status_of(call, call.find(one["id"]) or {}) != "READY" for one in given):
        return [user_error(["files"], "Non-ready files cannot be updated.", "NON_READY_STATE")]
    targets = [target for one in given for target in one.get("referencesToAdd") or ()]
    if any(call.find(target) is None for target in targets):
        return [user_error(["files"], "The reference target does not exist", "REFERENCE_TARGET_DOES_NOT_EXIST")]
    return [
        user_error(["files", str(place), "alt"], TOO_LONG, "ALT_VALUE_LIMIT_EXCEEDED")
        for place, one in enumerate(given)
        if len(one.get("alt") or "") > media.LONGEST_ALT
    ]


def _show(call: Call, owner_id: str, file_id: str, *, shown: bool) -> None:
    owner = call.find(owner_id)
    if owner is None:
        return
    before = list(owner.get("media") or ())
    rest = [one for one in before if one["id"] != file_id]
    after = [*rest, {"id": file_id}] if shown else rest
    if after != before:
        call.state.update(call.shop, owner_id, {"media": after})


@domain.mutation("fileDelete")
def file_delete(call: Call, arguments: Arguments) -> Record:
    """Take files out, and off the products and variants that show them; all or none."""
    missing = [one for one in arguments["fileIds"] if call.find(one) is None]
    if missing:
        words = f"File ids {','.join(missing)} do not exist."
        if len(missing) == 1:
            words = f"File id {missing[0]} does not exist."
        return {"deletedFileIds": None, "userErrors": [user_error(["fileIds"], words, "FILE_DOES_NOT_EXIST")]}
    for file_id in arguments["fileIds"]:
        for type_name in ("Product", "ProductVariant"):
            for owner_id in list(call.space.indexes.ids(type_name, "media", file_id)):
                _show(call, owner_id, file_id, shown=False)
        call.state.remove(call.shop, file_id, topics=())
    return {"deletedFileIds": arguments["fileIds"], "userErrors": []}


@domain.computed("Product", "mediaCount")
def media_count(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """How many pictures and videos a product shows."""
    return {"count": len(record.get("media") or ()), "precision": "EXACT"}


@domain.computed("Product", "featuredMedia")
def featured_media(_call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The first of a product's media."""
    return next(iter(record.get("media") or ()), None)


@domain.computed("Product", "images")
def images(call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    """The pictures of a product that are ready."""
    shown = (call.find(one["id"]) for one in record.get("media") or ())
    ready = (media.image_of(call, one) for one in shown if one and one.get("mediaContentType") == "IMAGE")
    return [one for one in ready if one is not None]


@domain.computed("Product", "featuredImage")
@domain.computed("ProductVariant", "image")
def first_image(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The first of those pictures."""
    return next(iter(images(call, record, {})), None)


def _status(call: Call, record: Record, _arguments: Arguments) -> str:
    return media.status_of(call, record)


def _errors(call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    if media.status_of(call, record) != "FAILED":
        return []
    code = "IMAGE_DOWNLOAD_FAILURE" if "/MediaImage/" in record["id"] else "GENERIC_FILE_DOWNLOAD_FAILURE"
    return [{"code": code, "details": None, "message": f"The file at {record['source']} could not be downloaded"}]


def _preview(call: Call, record: Record, _arguments: Arguments) -> Record:
    picture = media.image_of(call, record) if "/MediaImage/" in record["id"] else None
    return {"image": picture, "status": media.status_of(call, record)}


def _mime(call: Call, record: Record, _arguments: Arguments) -> str | None:
    return media.mime_of(record) if media.status_of(call, record) == "READY" else None


for _type in FILE_TYPES:
    domain.computed(_type, "fileStatus", *(["status"] if _type in media.KINDS else []))(_status)
    domain.computed(_type, "fileErrors", *(["mediaErrors"] if _type in media.KINDS else []))(_errors)
    domain.computed(_type, "preview")(_preview)
for _type in ("MediaImage", "GenericFile"):
    domain.computed(_type, "mimeType")(_mime)


@domain.computed("MediaImage", "image")
def image(call: Call, record: Record, _arguments: Arguments) -> Record | None:
    """The picture, once it is ready."""
    return media.image_of(call, record)


@domain.computed("MediaImage", "originalSource")
def original_source(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """Where the picture came from."""
    return {"url": record["source"], "fileSize": None}


@domain.computed("GenericFile", "url")
def url(call: Call, record: Record, _arguments: Arguments) -> Any:
    """Where a shop serves the file from, once it is ready."""
    return media.address_of(call, record) if media.status_of(call, record) == "READY" else None
