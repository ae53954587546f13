"""`crossdock tokens`: who may act. Only the hash of a token is kept."""

import asyncio
import secrets

from deployments.cli.context import console, opened_store


def add(name: str, *, role: list[str]) -> int:
    """Make an API token for a principal. It is shown once.

    Parameters
    ----------
    name
        Who it is for.
    role
        Roles, such as operations, finance, approver.
    """
    token = secrets.token_urlsafe(32)
    asyncio.run(_add(name, token, role))
    console.print(f"Token of {name} ({', '.join(role)}), shown once:\n{token}")
    return 0


async def _add(name: str, token: str, roles: list[str]) -> None:
    async with opened_store() as store:
        await store.add_principal(name, token, roles)
