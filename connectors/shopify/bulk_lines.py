"""A mutation run for every line of a file: upload, start, wait, one result for each line."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from canonical.errors import CrossdockError, RetryableError
from connectors.shopify.bulk import Bulk
from connectors.shopify.client import ShopifyClient
from connectors.shopify.errors import graphql_error
from connectors.shopify.uploads import BULK, upload

LARGEST_FILE: Final = 90 * 1024 * 1024
"""Bytes of one file; Shopify takes 100 MB."""

Payload = Mapping[str, Any]


async def run_lines(
    client: ShopifyClient, bulk: Bulk, mutation: str, root: str, lines: Sequence[bytes]
) -> list[Payload | CrossdockError]:
    """The payload of each line, or why there is none: one that the result does not tell of is in doubt."""
    results: list[Payload | CrossdockError] = []
    for part in _files(lines):
        try:
            results += await _run(client, bulk, mutation, root, part)
        except CrossdockError as error:
            results += [error] * len(part)
    return results


async def _run(
    client: ShopifyClient, bulk: Bulk, mutation: str, root: str, lines: Sequence[bytes]
) -> list[Payload | CrossdockError]:
    content = b"\n".join(lines) + b"\n"
    name = f"{root}-{sha256(content).hexdigest()[:16]}.jsonl"
    path = await upload(client, name, content, mime_type="text/jsonl", resource=BULK)
    variables = {"mutation": mutation, "path": path}
    ended = await bulk.run("start_bulk_mutation", variables, "bulkOperationRunMutation")
    silent = ended.error or RetryableError(
        "the bulk operation told nothing of this line", code="bulk_silent", maybe_applied=True
    )
    found: dict[int, Payload | CrossdockError] = {}
    async for row in bulk.rows(ended.url):
        found[int(row["__lineNumber"])] = _payload(row, root)
    return [found.get(number, silent) for number in range(len(lines))]


def _payload(row: Mapping[str, Any], root: str) -> Payload | CrossdockError:
    payload = (row.get("data") or {}).get(root)
    if payload:
        return dict(payload)
    return graphql_error(row.get("errors") or ["no result"], {}, None, None)


def _files(lines: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The lines in files that are small enough."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and size + len(line) >= LARGEST_FILE:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    if part:
        yield part
