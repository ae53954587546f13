"""Catalogs: which business locations get which price list."""

from deployments.sandbox.shopify.errors import user_error
from deployments.sandbox.shopify.listing import by, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search

domain = Domain()
TYPE = "CompanyLocationCatalog"
_SEARCH = Search({"id": by("id"), "title": by("title"), "status": by("status")}, words=(by("title"),))
_SORT = {"ID": sorted_by("id"), "TITLE": sorted_by("title")}


@domain.query("catalogs")
def catalogs(call: Call, arguments: Arguments) -> Listing:
    """Catalogs of a kind; those of company locations are the only ones here."""
    rows = call.all(TYPE) if arguments.get("type") in (None, "COMPANY_LOCATION") else []
    return listing(call, "catalogs", rows, _SEARCH, _SORT, arguments)


@domain.mutation("catalogCreate")
def catalog_create(call: Call, arguments: Arguments) -> Record:
    """A catalog for company locations."""
    given = arguments["input"]
    errors = _errors(call, given)
    if errors:
        return {"catalog": None, "userErrors": errors}
    number, places = call.space.number(), given["context"]["companyLocationIds"]
    record = {"id": gid(TYPE, number), "title": given["title"].strip(), "status": given["status"]}
    links: Record = {"companyLocations": [{"id": one} for one in places], "priceList": None, "publication": None}
    if given.get("publicationId"):
        links["publication"] = {"id": given["publicationId"]}
    if given.get("priceListId"):
        links["priceList"] = {"id": given["priceListId"]}
        call.state.update(call.shop, given["priceListId"], {"catalog": {"id": record["id"]}}, topics=())
    kept = call.state.add(call.shop, TYPE, {**record, **links}, topics=())
    return {"catalog": reference(kept), "userErrors": []}


def _errors(call: Call, given: Record) -> list[Record]:
    def fault(path: list[str], words: str, code: str) -> list[Record]:
        return [user_error(["input", *path], words, code)]

    if not given["title"].strip():
        return fault(["title"], "Title can't be blank", "BLANK")
    context = {name: ids for name, ids in given["context"].items() if ids}
    if len(context) != 1:
        return fault(["context"], "Must provide exactly one context type.", "MUST_PROVIDE_EXACTLY_ONE_CONTEXT_TYPE")
    if "marketIds" in context:
        return fault(["context", "marketIds", "0"], "Market not found.", "MARKET_NOT_FOUND")
    for place, one in enumerate(context["companyLocationIds"]):
        if call.find(one) is None:
            words = "A company location within the catalog does not exist."
            return fault(["context", "companyLocationIds", str(place)], words, "COMPANY_LOCATION_NOT_FOUND")
    if given.get("priceListId"):
        prices = call.find(given["priceListId"])
        if prices is None:
            return fault(["priceListId"], "Price list not found.", "PRICE_LIST_NOT_FOUND")
        if prices.get("catalog"):
            return fault(["priceListId"], "Price list has already been taken", "TAKEN")
    if given.get("publicationId") and call.find(given["publicationId"]) is None:
        return fault(["publicationId"], "Publication not found.", "PUBLICATION_NOT_FOUND")
    return []


@domain.mutation("catalogDelete")
def catalog_delete(call: Call, arguments: Arguments) -> Record:
    """Take a catalog out; its price list stays, for no catalog."""
    kept = call.find(arguments["id"])
    if kept is None:
        return {"deletedId": None, "userErrors": [user_error(["id"], "Catalog does not exist", "CATALOG_NOT_FOUND")]}
    if kept.get("priceList") and call.find(kept["priceList"]["id"]) is not None:
        call.state.update(call.shop, kept["priceList"]["id"], {"catalog": None}, topics=())
    call.state.remove(call.shop, kept["id"], topics=())
    return {"deletedId": kept["id"], "userErrors": []}
