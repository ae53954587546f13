"""Companies: reading what the seeder put there."""

from deployments.sandbox.shopify.listing import by, listing, sorted_by
from deployments.sandbox.shopify.paging import Listing
from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.search import Search

domain = Domain()
_COMPANIES = Search(
    {"id": by("id"), "name": by("name"), "external_id": by("externalId"), "updated_at": by("updatedAt")},
    words=(by("name"),),
)
_SORT = {"NAME": sorted_by("name"), "CREATED_AT": sorted_by("createdAt"), "UPDATED_AT": sorted_by("updatedAt")}


@domain.query("companies")
def companies(call: Call, arguments: Arguments) -> Listing:
    """Business customers."""
    return listing(call, "companies", call.all("Company"), _COMPANIES, _SORT, arguments)


@domain.query("company")
@domain.query("companyLocation")
def one(call: Call, arguments: Arguments) -> Record | None:
    """A company or one of its locations, by id."""
    return call.find(arguments["id"])


@domain.computed("Company", "contacts")
def contacts(call: Call, record: Record, _arguments: Arguments) -> list[Record]:
    """The people who buy for a company."""
    return [row for row in call.all("CompanyContact") if row["company"]["id"] == record["id"]]


@domain.computed("Company", "contactsCount")
def contacts_count(call: Call, record: Record, arguments: Arguments) -> Record:
    """How many people buy for a company."""
    return {"count": len(contacts(call, record, arguments)), "precision": "EXACT"}


@domain.computed("Company", "locationsCount")
def locations_count(_call: Call, record: Record, _arguments: Arguments) -> Record:
    """How many branches a company has."""
    return {"count": len(record.get("locations", ())), "precision": "EXACT"}
