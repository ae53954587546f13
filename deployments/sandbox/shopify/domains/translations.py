"""Translations of products, options and collections. Each is tied by a digest to the text it translates."""

import hashlib

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.handles import LONGEST
from deployments.sandbox.shopify.records import Record, gid, gid_tail, gid_type
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
MOST_KEYS = 100
PRIMARY = "en"
LOCALES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch"}
# Record type -> translatable keys: where the text stands, and what kind of text it is.
_LINE, _PAGE = "SINGLE_LINE_TEXT_FIELD", "HTML"
_PAGES = {
    "title": (("title",), _LINE),
    "body_html": (("descriptionHtml",), _PAGE),
    "handle": (("handle",), "URI"),
    "meta_title": (("seo", "title"), _LINE),
    "meta_description": (("seo", "description"), "MULTI_LINE_TEXT_FIELD"),
}
CONTENT: dict[str, dict[str, tuple[tuple[str, ...], str]]] = {
    "Product": {**_PAGES, "product_type": (("productType",), _LINE)},
    "Collection": _PAGES,
    "ProductOption": {"name": (("name",), _LINE)},
    "ProductOptionValue": {"name": (("name",), _LINE)},
    "Metafield": {"value": (("value",), _LINE)},
}
TYPES = {"PRODUCT": "Product", "COLLECTION": "Collection", "METAFIELD": "Metafield"}
BAD_DIGEST = "Translatable content hash is invalid"


@domain.query("shopLocales")
def shop_locales(call: Call, arguments: Arguments) -> list[Record]:
    """The languages of the shop."""
    rows = [_locale(PRIMARY, primary=True), *call.all("ShopLocale")]
    wanted = arguments.get("published")
    return [row for row in rows if wanted is None or row["published"] == wanted]


@domain.mutation("shopLocaleEnable")
def shop_locale_enable(call: Call, arguments: Arguments) -> Record:
    """Add a language."""
    locale = arguments["locale"]
    words = None
    if locale == PRIMARY:
        words = "The primary locale of your store can't be changed through this endpoint."
    elif locale not in LOCALES:
        words = "Locale is invalid"
    elif any(row["locale"] == locale for row in call.all("ShopLocale")):
        words = "Locale has already been taken"
    if words:
        return {"shopLocale": None, "userErrors": [user_error(["locale"], words)]}
    record = {"id": gid("ShopLocale", locale), **_locale(locale, primary=False)}
    return {"shopLocale": call.state.add(call.shop, "ShopLocale", record, topics=()), "userErrors": []}


def _locale(locale: str, *, primary: bool) -> Record:
    return {"locale": locale, "name": LOCALES[locale], "primary": primary, "published": primary}


@domain.query("translatableResource")
def translatable_resource(call: Call, arguments: Arguments) -> Record | None:
    """What of a record can be translated."""
    return _resource(call, arguments["resourceId"])


@domain.query("translatableResourcesByIds")
def translatable_resources_by_ids(call: Call, arguments: Arguments) -> list[Record]:
    """The same of several records."""
    found = (_resource(call, one) for one in arguments["resourceIds"])
    return [one for one in found if one is not None]


@domain.query("translatableResources")
def translatable_resources(call: Call, arguments: Arguments) -> list[Record]:
    """All records of a kind."""
    type_name = TYPES.get(arguments["resourceType"], "")
    rows = [_resource(call, one["id"]) for one in call.all(type_name)] if type_name else []
    return [one for one in rows if one is not None]


def _resource(call: Call, resource_id: str) -> Record | None:
    record = _record(call, resource_id)
    return None if record is None else {"resourceId": resource_id, "translatableContent": _content(record)}


def _record(call: Call, resource_id: str) -> Record | None:
    type_name = gid_type(resource_id)
    if type_name != "ProductOptionValue":
        return call.find(resource_id) if type_name in CONTENT else None
    options = (option for product in call.all("Product") for option in product.get("options", ()))
    values = (one for option in options for one in option.get("optionValues", ()))
    return next((one for one in values if one["id"] == resource_id), None)


def _content(record: Record) -> list[Record]:
    rows = []
    for key, (path, kind) in CONTENT[gid_type(record["id"]) or ""].items():
        value = record
        for name in path:
            value = (value or {}).get(name)  # type: ignore[assignment]
        text = None if value is None else str(value)
        digest = hashlib.sha256(text.encode()).hexdigest() if text else None
        rows.append({"key": key, "value": text, "digest": digest, "locale": PRIMARY, "type": kind})
    return rows


@domain.mutation("translationsRegister")
def translations_register(call: Call, arguments: Arguments) -> Record:
    """Keep translations, all or none; each names the digest of the text it translates."""
    resource_id, given = arguments["resourceId"], arguments["translations"]
    record = _record(call, resource_id)
    if record is None:
        words = f"Resource {resource_id} does not exist"
        return _refused([user_error(["resourceId"], words, "RESOURCE_NOT_FOUND")])
    if len(given) > MOST_KEYS:
        words = f"Too many keys for resource - maximum {MOST_KEYS} per mutation"
        return _refused([user_error(["resourceId"], words, "TOO_MANY_KEYS_FOR_RESOURCE")])
    content = {row["key"]: row for row in _content(record)}
    errors = [error for place, one in enumerate(given) for error in _faults(call, content, place, one)]
    if errors:
        return _refused(errors)
    kept = {_key(row): row for row in _kept(call, resource_id)}
    added = [
        {name: one.get(name) for name in ("key", "locale", "value")}
        | {"updatedAt": call.now_text, "digest": one["translatableContentDigest"]}
        for one in given
    ]
    _write(call, resource_id, [*{**kept, **{_key(row): row for row in added}}.values()])
    return {"translations": [{**row, "outdated": False} for row in added], "userErrors": []}


def _faults(call: Call, content: dict[str, Record], place: int, given: Record) -> list[Record]:
    def fault(field: str, words: str, code: str) -> list[Record]:
        return [user_error(["translations", str(place), field], words, code)]

    if given["locale"] == PRIMARY:
        words = "Locale cannot be the same as the shop's primary locale"
        return fault("locale", words, "INVALID_LOCALE_FOR_SHOP")
    if all(row["locale"] != given["locale"] for row in call.all("ShopLocale")):
        return fault("locale", "Locale is not a valid locale for the shop", "INVALID_LOCALE_FOR_SHOP")
    row = content.get(given["key"])
    if row is None:
        words = f"Key {given['key']} is not a valid translatable field"
        return fault("key", words, "INVALID_KEY_FOR_MODEL")
    if given.get("marketId"):
        words = "The market corresponding to the `marketId` argument doesn't exist"
        return fault("marketId", words, "MARKET_DOES_NOT_EXIST")
    if given["translatableContentDigest"] != row["digest"]:
        return fault("translatableContentDigest", BAD_DIGEST, "INVALID_TRANSLATABLE_CONTENT")
    if not given["value"]:
        return fault("value", "Value can't be blank", "FAILS_RESOURCE_VALIDATION")
    if given["key"] == "handle" and len(given["value"]) > LONGEST:
        words = f'Value fails validation on resource: ["Handle is too long (maximum is {LONGEST} characters)"]'
        return fault("value", words, "FAILS_RESOURCE_VALIDATION")
    return []


@domain.mutation("translationsRemove")
def translations_remove(call: Call, arguments: Arguments) -> Record:
    """Take translations away."""
    resource_id = arguments["resourceId"]
    if _record(call, resource_id) is None:
        words = f"Resource {resource_id} does not exist"
        return _refused([user_error(["resourceId"], words, "RESOURCE_NOT_FOUND")])
    locales, keys = set(arguments["locales"]), set(arguments["translationKeys"])
    rows = _kept(call, resource_id)
    gone = [row for row in rows if row["locale"] in locales and row["key"] in keys]
    if gone:
        _write(call, resource_id, [row for row in rows if row not in gone])
    return {"translations": [{**row, "outdated": False} for row in gone], "userErrors": []}


def _key(row: Record) -> tuple[str, str]:
    return row["locale"], row["key"]


def _shelf(resource_id: str) -> str:
    """The id under which the translations of a record are kept: one record beside it."""
    return gid("TranslationShelf", f"{gid_type(resource_id)}-{gid_tail(resource_id)}")


def _kept(call: Call, resource_id: str) -> list[Record]:
    return list((call.find(_shelf(resource_id)) or {}).get("rows", ()))


def _write(call: Call, resource_id: str, rows: list[Record]) -> None:
    shelf = _shelf(resource_id)
    if call.find(shelf) is None:
        call.state.add(call.shop, "TranslationShelf", {"id": shelf, "rows": rows}, topics=())
    else:
        call.state.update(call.shop, shelf, {"rows": rows}, topics=())


def _refused(errors: list[Record]) -> Record:
    return {"translations": None, "userErrors": errors}


def _translations(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """A record's translations into a language; outdated when the text has changed since."""
    resource_id = record.get("resourceId") or record["id"]
    rows = [row for row in _kept(call, resource_id) if row["locale"] == arguments["locale"]]
    source = _record(call, resource_id) if rows else None
    digests = {row["key"]: row["digest"] for row in _content(source)} if source else {}
    told = [{**row, "outdated": digests.get(row["key"]) != row["digest"]} for row in rows]
    wanted = arguments.get("outdated")
    return [row for row in told if wanted is None or row["outdated"] == wanted]


for _type in ("Product", "Collection", "ProductOption", "ProductOptionValue", "TranslatableResource"):
    domain.computed(_type, "translations")(_translations)
