"""`stagedUploadsCreate`: where a client may send a file, and with which parameters."""

from uuid import uuid4

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid_tail
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.uploads import PATH, keep_target

domain = Domain()
BULK = "BULK_MUTATION_VARIABLES"
SIZED = {"VIDEO": "video", "MODEL_3D": "3D model"}
REFUSED_TYPES = ("application/x-msdownload",)
SHEET = ("COLLECTION_IMAGE", "IMAGE", "PRODUCT_IMAGE", "SHOP_IMAGE")


@domain.mutation("stagedUploadsCreate")
def create(call: Call, arguments: Arguments) -> Record:
    """Give out one target a file; none when one of the files cannot be taken."""
    errors = [error for place, one in enumerate(arguments["input"]) if (error := _refusal(place, one))]
    if errors:
        return {"stagedTargets": [], "userErrors": errors}
    return {"stagedTargets": [_target(call, one) for one in arguments["input"]], "userErrors": []}


def _refusal(place: int, given: Record) -> Record | None:
    kind = SIZED.get(given["resource"])
    if kind and given.get("fileSize") is None:
        return user_error(["input", str(place), "fileSize"], f"file size is required for {kind} resources")
    if given["resource"] in SHEET and given["mimeType"] in REFUSED_TYPES:
        message = f"{given['filename']}: ({given['mimeType']}) is not a recognized format"
        return user_error(["input", str(place), "mimeType"], message)
    return None


def _target(call: Call, given: Record) -> Record:
    folder = "bulk" if given["resource"] == BULK else "files"
    key = f"tmp/{gid_tail(call.space.shop['id'])}/{folder}/{uuid4()}/{given['filename']}"
    keep_target(call.state, call.shop, key, given["mimeType"], given["resource"])
    base = f"{call.base_url}{PATH}/"
    moment = call.now.strftime("%Y%m%dT%H%M%SZ")
    if given.get("httpMethod") == "POST":
        return {
            "url": base,
            "resourceUrl": base if folder == "bulk" else base + key,
            "parameters": _form(given, key, moment),
        }
    signed = f"X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Date={moment}&X-Goog-Expires=604800&X-Goog-SignedHeaders=host"
    parameters = [{"name": "content_type", "value": given["mimeType"]}, {"name": "acl", "value": "private"}]
    return {"url": f"{base}{key}?{signed}", "resourceUrl": base + key, "parameters": parameters}


def _form(given: Record, key: str, moment: str) -> list[Record]:
    fields = {
        "Content-Type": given["mimeType"],
        "success_action_status": "201",
        "acl": "private",
        "key": key,
        "x-goog-date": moment,
        "x-goog-credential": "sandbox",
        "x-goog-algorithm": "GOOG4-RSA-SHA256",
        "x-goog-signature": "sandbox",
        "policy": "sandbox",
    }
    return [{"name": name, "value": value} for name, value in fields.items()]
