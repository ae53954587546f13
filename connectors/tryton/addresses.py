"""The addresses of the parties of a batch: found by their content, created once when new."""

from collections.abc import Mapping, Sequence
from typing import Any

from canonical.party import Address
from connectors.tryton.client import TrytonClient
from connectors.tryton.mapper import address_values
from connectors.tryton.schemas import References

FIELDS = ("party_name", "street", "postal_code", "city", "country", "subdivision")
Content = tuple[Any, ...]


class Addresses:
    """Addresses in Tryton belong to a party and have no key, so content is what identifies them."""

    def __init__(self, client: TrytonClient) -> None:
        self._client = client

    async def ensure(
        self, wanted: Sequence[tuple[int, Address | None]], known: References
    ) -> dict[tuple[int, Address | None], int]:
        """The id of each party's address. `None` is any address of the party, or an empty one where it has none."""
        if not wanted:
            return {}
        existing = await self._existing({party for party, _ in wanted})
        contents = {pair: (pair[0], *_content(pair[1], known)) for pair in wanted}
        lacking = {contents[pair]: pair for pair in wanted if self._match(pair, contents, existing) is None}
        if lacking:
            values = [{"party": party, **_values(address, known)} for party, address in lacking.values()]
            created = await self._client.call("model.party.address.create", values)
            existing |= dict(zip(lacking, created, strict=True))
        found = {pair: self._match(pair, contents, existing) for pair in wanted}
        return {pair: id_ for pair, id_ in found.items() if id_ is not None}

    async def _existing(self, parties: set[int]) -> dict[Content, int]:
        rows = await self._client.read(
            "model.party.address.search_read",
            [("party", "in", sorted(parties))],
            0,
            None,
            [("id", "DESC")],
            ["party", *FIELDS],
        )
        return {(row["party"], *(row[field] or None for field in FIELDS)): row["id"] for row in rows}

    def _match(
        self,
        pair: tuple[int, Address | None],
        contents: Mapping[tuple[int, Address | None], Content],
        existing: Mapping[Content, int],
    ) -> int | None:
        if pair[1] is None:
            return min((id_ for content, id_ in existing.items() if content[0] == pair[0]), default=None)
        return existing.get(contents[pair])


def _values(address: Address | None, known: References) -> dict[str, Any]:
    return address_values(address, known) if address is not None else {}


def _content(address: Address | None, known: References) -> Content:
    values = _values(address, known)
    return tuple(values.get(field) or None for field in FIELDS)
