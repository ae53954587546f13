"""Find or create the parties of a batch: by external id, by the account number given, by e-mail, else new.

Tryton keeps only a party's code unique, so a new party's code is its external id: of two workers that create the same
customer, one is refused and finds the other's. A party found by e-mail or number keeps its code and gets the external
id as an identifier.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from canonical.booking import CustomerRef
from canonical.errors import CrossdockError
from canonical.outcomes import Failed, Outcome, Settled
from canonical.party import Address, PartyIdentity, PartyKind
from connectors.tryton.apart import each_alone
from connectors.tryton.client import TrytonClient
from connectors.tryton.directory import Directory
from connectors.tryton.mapper import address_values
from connectors.tryton.schemas import References

ROUNDS = 3  # find, create, and once more when another worker was faster


class Parties:
    """The parties of one company's orders."""

    def __init__(self, client: TrytonClient, directory: Directory) -> None:
        self._client, self._directory = client, directory

    async def ensure(self, parties: Sequence[PartyIdentity]) -> list[Outcome[CustomerRef]]:
        """Each party's reference, in order; one that Tryton refuses fails alone."""
        answers: dict[str, CustomerRef | CrossdockError] = {}
        for _ in range(ROUNDS):
            open_ = {p.external_id: p for p in parties if not isinstance(answers.get(p.external_id), CustomerRef)}
            if not open_:
                break
            found = await self._find(list(open_.values()))
            answers |= found
            new = [party for key, party in open_.items() if key not in found]
            if not new:
                break
            answers |= await self._create(new)
            if all(isinstance(answers[party.external_id], CustomerRef) for party in new):
                break
        return [_outcome(answers[party.external_id]) for party in parties]

    async def _find(self, parties: Sequence[PartyIdentity]) -> dict[str, CustomerRef]:
        """Those that exist, by external id."""
        by_id = await self._by_code_or_identifier(parties)
        found = {p.external_id: by_id[p.external_id] for p in parties if p.external_id in by_id}
        met: dict[str, CustomerRef] = {}
        for party in parties:
            if party.external_id not in found and party.account is not None and party.account in by_id:
                met[party.external_id] = by_id[party.account]
        unknown = [p for p in parties if p.external_id not in found and p.external_id not in met and _mail(p)]
        by_mail = await self._by_mail({_mail(p) for p in unknown})
        met |= {p.external_id: by_mail[_mail(p)] for p in unknown if _mail(p) in by_mail}
        await self._attach({p.external_id: met[p.external_id] for p in parties if _remembered(p, met)})
        return found | met

    async def _by_code_or_identifier(self, parties: Sequence[PartyIdentity]) -> dict[str, CustomerRef]:
        external = [p.external_id for p in parties]
        codes = external + [p.account for p in parties if p.account]
        domain = ["OR", ("code", "in", codes), ("identifiers.code", "in", external)]
        rows = await self._client.read(
            "model.party.party.search_read", domain, 0, None, [("id", "DESC")], ["code", "identifiers.code"]
        )
        found: dict[str, CustomerRef] = {}
        for row in rows:  # the newest first, so that the oldest stays
            reference = _reference(row["id"], row["code"])
            found |= {identifier["code"]: reference for identifier in row["identifiers."]}
        return found | {row["code"]: _reference(row["id"], row["code"]) for row in rows}

    async def _by_mail(self, mails: set[str]) -> dict[str, CustomerRef]:
        """Parties by lower-case e-mail address; the oldest where two have the same."""
        if not mails:
            return {}
        domain = [("type", "=", "email"), ["OR", *(("value", "ilike", _escaped(mail)) for mail in sorted(mails))]]
        rows = await self._client.read(
            "model.party.contact_mechanism.search_read",
            domain,
            0,
            None,
            [("party", "ASC")],
            ["value", "party.code", "party.active"],
        )
        found: dict[str, CustomerRef] = {}
        for row in rows:
            party = row["party."]
            if party["active"]:
                found.setdefault(row["value"].strip().lower(), _reference(party["id"], party["code"]))
        return {mail: found[mail] for mail in mails if mail in found}

    async def _attach(self, references: Mapping[str, CustomerRef]) -> None:
        """Let parties that were found otherwise be found by external id from now on."""
        changes: list[Any] = []
        for external_id, reference in references.items():
            changes += [[int(reference.id)], {"identifiers": [("create", [{"code": external_id}])]}]
        if changes:
            await self._client.call("model.party.party.write", *changes)

    async def _create(self, parties: Sequence[PartyIdentity]) -> dict[str, CustomerRef | CrossdockError]:
        """New parties. Identities that share an e-mail address in this batch become one party."""
        people = _same_mail_together(parties)
        known = await self._directory.places(a for party in parties for a in _addresses(party))

        async def create(groups: Sequence[list[PartyIdentity]]) -> list[int]:
            values = [_party_values(group, known) for group in groups]
            ids: list[int] = await self._client.call("model.party.party.create", values)
            return ids

        created = await each_alone(people, create)
        return {
            party.external_id: result
            if isinstance(result, CrossdockError)
            else _reference(result, group[0].external_id, created=True)
            for group, result in zip(people, created, strict=True)
            for party in group
        }


def _same_mail_together(parties: Sequence[PartyIdentity]) -> list[list[PartyIdentity]]:
    groups: dict[str, list[PartyIdentity]] = {}
    for party in parties:
        groups.setdefault(_mail(party) or party.external_id, []).append(party)
    return list(groups.values())


def _party_values(group: Sequence[PartyIdentity], known: References) -> dict[str, Any]:
    first, *others = group
    contacts = [{"type": "email", "value": _mail(first)}] if _mail(first) else []
    contacts += [{"type": "phone", "value": first.phone}] if first.phone else []
    return {
        "name": first.name,
        "code": first.external_id,
        "addresses": [("create", [address_values(address, known) for address in _addresses(first)])],
        "contact_mechanisms": [("create", contacts)],
        "identifiers": [("create", [{"code": other.external_id} for other in others])],
    }


def _addresses(party: PartyIdentity) -> Iterable[Address]:
    """Billing first; the shipping address where it is another."""
    return dict.fromkeys(address for address in (party.billing, party.shipping) if address is not None)


def _remembered(party: PartyIdentity, met: Mapping[str, CustomerRef]) -> bool:
    """Whether to keep the external id: not of a guest, who has a new one with every order and is found by e-mail."""
    return party.external_id in met and party.kind is not PartyKind.GUEST


def _mail(party: PartyIdentity) -> str:
    return (party.email or "").strip().lower()


def _escaped(mail: str) -> str:
    """For a LIKE that means equality: `_` is common in addresses and would match any character."""
    return mail.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")


def _reference(party: int, code: str | None, *, created: bool = False) -> CustomerRef:
    return CustomerRef(id=str(party), number=code, created=created)


def _outcome(answer: CustomerRef | CrossdockError) -> Outcome[CustomerRef]:
    return Failed(answer) if isinstance(answer, CrossdockError) else Settled(answer)
