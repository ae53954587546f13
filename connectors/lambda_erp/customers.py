"""Find or create customers: by external id, by the account number given, by e-mail, else new.

A new customer's name (Lambda ERP's id, unique) is its external id, so of two workers that create the same one the
second finds it. A customer found otherwise keeps its name and remembers the external id in the one free field there is.
"""

from typing import Any
from urllib.parse import quote

from canonical.booking import CustomerRef
from canonical.errors import ConflictError
from canonical.party import Address, PartyIdentity, PartyKind
from connectors.lambda_erp.client import LambdaErpClient

CUSTOMERS = "masters/customer"
REMEMBERED = 10_000  # customers found once are not asked for again


class Customers:
    """The customers of the ERP. All companies share them."""

    def __init__(self, client: LambdaErpClient) -> None:
        self._client = client
        self._known: dict[str, CustomerRef] = {}

    async def ensure(self, party: PartyIdentity) -> CustomerRef:
        """The customer of a party, created when there is none."""
        if known := self._known.get(party.external_id):
            return known
        name = await self._find(party)
        created = name is None and await self._create(party)
        reference = CustomerRef(id=name or party.external_id, number=name or party.external_id, created=created)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[party.external_id] = reference.model_copy(update={"created": False})
        return reference

    async def _find(self, party: PartyIdentity) -> str | None:
        if await self._named(party.external_id):
            return party.external_id
        if rows := await self._client.rows(CUSTOMERS, website=_urn(party)):
            return str(rows[0]["name"])
        met = party.account if party.account and await self._named(party.account) else await self._by_mail(party)
        if met is not None and party.kind is not PartyKind.GUEST:  # a guest has a new id with every order
            await self._client.change(f"{CUSTOMERS}/{quote(met, safe='')}", {"website": _urn(party)})
        return met

    async def _named(self, name: str) -> bool:
        return await self._client.record(f"{CUSTOMERS}/{quote(name, safe='')}") is not None

    async def _by_mail(self, party: PartyIdentity) -> str | None:
        mail = (party.email or "").strip().lower()
        if not mail:
            return None
        rows = await self._client.rows(CUSTOMERS, search=mail, search_fields="email", limit="100")
        return next((str(row["name"]) for row in rows if (row["email"] or "").strip().lower() == mail), None)

    async def _create(self, party: PartyIdentity) -> bool:
        """Whether it was created by us; another worker may have been faster."""
        try:
            await self._client.write(CUSTOMERS, _values(party), document=party.external_id)
        except ConflictError:
            return False
        return True


def _urn(party: PartyIdentity) -> str:
    return f"urn:crossdock:{party.external_id}"


def _values(party: PartyIdentity) -> dict[str, Any]:
    address = party.billing or party.shipping or Address()
    return {
        "name": party.external_id,
        "customer_name": party.name,
        "customer_group": "Companies" if party.kind is PartyKind.COMPANY else "Shoppers",
        "email": (party.email or "").strip().lower() or None,
        "phone": party.phone,
        "address": ", ".join(part for part in (address.line1, address.line2) if part) or None,
        "city": address.city,
        "zip_code": address.postal_code,
        "country": address.country,
    }
