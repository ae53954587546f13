"""Sales channels: what is published where. A record that does not say where it is published is published everywhere."""

from collections.abc import Callable
from datetime import datetime

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.records import Record, gid, gid_tail, iso, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.state import State

domain = Domain()
PUBLISHABLE = ("Collection", "Product")
FIRST_YEAR = 1970
Terms = list[Record]


@domain.query("publications")
def publications(call: Call, _arguments: Arguments) -> list[Record]:
    """Where products can be published."""
    return call.all("Publication")


@domain.query("publication")
def publication(call: Call, arguments: Arguments) -> Record | None:
    """A publication by id."""
    return call.find(arguments["id"])


@domain.mutation("publishablePublish")
def publishable_publish(call: Call, arguments: Arguments) -> Record:
    """Publish a product or collection on publications, now or from a date on."""

    def put(terms: Terms, given: list[Record]) -> Terms:
        known = {_key(one): one for one in terms}
        for one in given:
            before, date = known.get(one["publicationId"]), one.get("publishDate")
            if date or before is None or not is_live(call, before):
                known[one["publicationId"]] = _term(one["publicationId"], date or call.now_text)
        return list(known.values())

    return _change(call, arguments, put)


@domain.mutation("publishableUnpublish")
def publishable_unpublish(call: Call, arguments: Arguments) -> Record:
    """Take a product or collection off publications."""

    def take(terms: Terms, given: list[Record]) -> Terms:
        named = {one["publicationId"] for one in given}
        return [one for one in terms if one["publication"]["id"] not in named]

    return _change(call, arguments, take)


def _change(call: Call, arguments: Arguments, edit: Callable[[Terms, list[Record]], Terms]) -> Record:
    record = call.find(arguments["id"])
    if record is None:
        return {"publishable": None, "userErrors": [user_error(["id"], "Resource does not exist")]}
    errors = _errors(call, arguments["input"])
    if errors:
        return {"publishable": None, "userErrors": errors}
    before = terms_of(call, record)
    after = edit(before, arguments["input"])
    if after != before:
        first = min((one["publishDate"] for one in after if is_live(call, one)), default=None)
        call.state.update(call.shop, record["id"], {"publishedTo": after, "publishedAt": first})
    return {"publishable": reference(record), "userErrors": []}


def terms_of(call: Call, record: Record) -> Terms:
    """Where a record is published, and since or from when."""
    if record.get("publishedTo") is not None:
        return list(record["publishedTo"])
    return [_term(one["id"], record["createdAt"]) for one in call.all("Publication")]


def is_live(call: Call, term: Record) -> bool:
    """Whether the date of publishing has come."""
    return datetime.fromisoformat(term["publishDate"]) <= call.now


def _key(term: Record) -> str:
    return str(term["publication"]["id"])


def _term(publication_id: str, date: str) -> Record:
    return {"publication": {"id": publication_id}, "publishDate": iso(datetime.fromisoformat(date))}


def _errors(call: Call, given: list[Record]) -> list[Record]:
    found, seen = [], set()
    for place, one in enumerate(given):
        named, path = one.get("publicationId"), ["input", str(place), "publicationId"]
        if not named:
            found.append(user_error(path, "PublicationId cannot be empty"))
        elif call.find(named) is None:
            found.append(user_error(path, "Publication does not exist or is not publishable"))
        elif named in seen:
            found.append(user_error(path, "The same publication was specified more than once"))
        date = one.get("publishDate")
        if date and datetime.fromisoformat(date).year < FIRST_YEAR:
            words = "Publish date must be a date after the year 1969"
            found.append(user_error(["input", str(place), "publishDate"], words))
        seen.add(named)
    return found


def _rows(call: Call, record: Record, arguments: Arguments) -> list[Record]:
    """Where a record is published as rows of a connection; `onlyPublished` leaves out those to come."""
    only = arguments.get("onlyPublished", True) is not False
    rows = [
        {**one, "isPublished": is_live(call, one), "publishable": reference(record)} for one in terms_of(call, record)
    ]
    return [row for row in rows if row["isPublished"] or not only]


def _count(call: Call, record: Record, arguments: Arguments) -> Record:
    return {"count": len(_rows(call, record, arguments)), "precision": "EXACT"}


def _number(call: Call, record: Record, arguments: Arguments) -> int:
    return len(_rows(call, record, arguments))


def _on(call: Call, record: Record, arguments: Arguments) -> bool:
    return any(row["publication"]["id"] == arguments["publicationId"] for row in _rows(call, record, {}))


def _not_on(call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    on = {row["publication"]["id"] for row in _rows(call, record, {"onlyPublished": False})}
    return [reference(one) for one in call.all("Publication") if one["id"] not in on]


for _type in PUBLISHABLE:
    domain.computed(_type, "resourcePublications", "resourcePublicationsV2")(_rows)
    domain.computed(_type, "resourcePublicationsCount", "availablePublicationsCount")(_count)
    domain.computed(_type, "publicationCount")(_number)
    domain.computed(_type, "publishedOnPublication")(_on)
    domain.computed(_type, "unpublishedPublications")(_not_on)


@domain.computed("PublishablePublishPayload", "shop")
@domain.computed("PublishableUnpublishPayload", "shop")
def shop_of_payload(call: Call, _payload: Record, _arguments: Arguments) -> Record:
    """The shop asked."""
    return call.space.shop


@domain.computed("Publication", "app")
def app_of(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """The sales channel's app, which bears the publication's name."""
    handle = record["name"].lower().replace(" ", "-")
    return {"id": gid("App", gid_tail(record["id"])), "title": record["name"], "handle": handle, "apiKey": handle}


@domain.completes("Publication")
def complete_publication(_state: State, _shop: str, record: Record) -> Record:
    """A sales channel that takes nothing by itself."""
    return {"autoPublish": False, "supportsFuturePublishing": True, **record}
