"""The addresses of the parties of a batch: found by their content, created once when new."""

from collections.abc import Mapping, Sequence
from typing import Any

from canonical.errors import CrossdockError
from canonical.party import Address
from connectors.tryton.apart import each_alone
from connectors.tryton.client import TrytonClient
from connectors.tryton.mapper import address_values
from connectors.tryton.schemas import References

FIELDS = ("party_name", "street", "postal_code", "city", "country", "subdivision")
Content = tuple[Any, ...]
Wanted = tuple[int, Address | None]
"""A party, and the address wanted of it; `None` is any address of the party, or an empty one where it has none."""


class Addresses:
    """Addresses in Tryton belong to a party and have no key, so content is what identifies them."""

    def __init__(self, client: TrytonClient) -> None:
        self._client = client

    async def ensure(self, wanted: Sequence[Wanted], known: References) -> dict[Wanted, int | CrossdockError]:
        """The id of each address, or why Tryton refuses it."""
        if not wanted:
            return {}
        contents = {pair: (pair[0], *_content(pair[1], known)) for pair in wanted}
        found: dict[Content, int | CrossdockError] = dict(await self._existing({party for party, _ in wanted}))
        lacking = {contents[pair]: pair for pair in wanted if _match(pair, contents, found) is None}

        async def create(group: Sequence[Wanted]) -> list[int]:
            values = [{"party": party, **_values(address, known)} for party, address in group]
            ids: list[int] = await self._client.call("model.party.address.create", values)
            return ids

        found |= dict(zip(lacking, await each_alone(list(lacking.values()), create), strict=True))
        matches = ((pair, _match(pair, contents, found)) for pair in wanted)
        return {pair: match for pair, match in matches if match is not None}

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
    pair: Wanted, contents: Mapping[Wanted, Content], found: Mapping[Content, int | CrossdockError]
) -> int | CrossdockError | None:
    """The address of that content; for `None` the oldest of the party."""
    if pair[1] is not None or contents[pair] in found:
        return found.get(contents[pair])
    return min((id_ for content, id_ in found.items() if content[0] == pair[0] and isinstance(id_, int)), default=None)


def _values(address: Address | None, known: References) -> dict[str, Any]:
    return address_values(address, known) if address is not None else {}


def _content(address: Address | None, known: References) -> Content:
    values = _values(address, known)
    return tuple(values.get(field) or None for field in FIELDS)
