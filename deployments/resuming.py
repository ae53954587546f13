"""Waking a suspended run once its approval was decided. Best effort: the next sweep takes an approved change anyway.

Plain HTTP, because neither the gateway nor a quick command may import Prefect.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Final

import httpx

TIMEOUT: Final = httpx.Timeout(10.0, connect=1.0)
PAUSES: Final = (0.3, 1.0, 2.0)
"""Seconds before each further try: Prefect answers 503 while its database is busy. Only one form is taken."""


async def resume(
    run_id: str | None, api_url: str | None, auth: str | None, transport: httpx.AsyncBaseTransport | None = None
) -> bool:
    """Hand in an empty form; the run looks at our row. Whether Prefect took it.

    `auth` is Prefect's own `user:password` text. False when there is no run, no Prefect, or the run does not wait.
    """
    if run_id is None or api_url is None:
        return False
    user, _, password = (auth or "").partition(":")
    login = httpx.BasicAuth(user, password) if auth else None
    async with httpx.AsyncClient(auth=login, timeout=TIMEOUT, transport=transport) as client:
        for pause in (*PAUSES, None):
            taken = await _hand_in(client, f"{api_url.rstrip('/')}/flow_runs/{run_id}/resume")
            if taken is not None or pause is None:
                return bool(taken)
            await asyncio.sleep(pause)
    return False


async def _hand_in(client: httpx.AsyncClient, address: str) -> bool | None:
    """Whether it was taken; None when it is worth another try."""
    try:
        answer = await client.post(address, json={"run_input": {}})
        return None if answer.status_code >= 500 else answer.is_success and answer.json().get("status") == "ACCEPT"
    except httpx.HTTPError:
        return None
    except ValueError:
        return False


async def resume_from(run_id: str | None, environment: Mapping[str, str] | None = None) -> bool:
    """The same with the address and log-in of the environment."""
    values = os.environ if environment is None else environment
    return await resume(run_id, values.get("PREFECT_API_URL"), values.get("PREFECT_API_AUTH_STRING"))
