"""Prefect as Crossdock runs it: the profile, the work pool, the deployments, the automations."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from canonical.errors import MisconfiguredError, RetryableError
from deployments.profile import PROFILE

HERE = Path(__file__).parent
ROOT = HERE.parent
AUTOMATIONS = HERE / "automations.yaml"
POOL = "crossdock"
WARM = "crossdock-warm"
BUSY_ATTEMPTS, BUSY_PAUSE = 6, 0.1
"""Tries while Prefect's database is busy, and the first pause in seconds; it doubles."""


def engine_environment(home: Path, api_url: str, pool: str = POOL) -> dict[str, str]:
    """The environment of every process that speaks to Prefect: our profile, its own home, no telemetry."""
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(PROFILE),
        "PREFECT_API_URL": api_url,
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(home / "storage"),
        "CROSSDOCK_WORK_POOL": pool,
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }


def prefect(*arguments: str) -> list[str]:
    """A `prefect` command with this interpreter."""
    return [sys.executable, "-m", "prefect", *arguments]


def server_command(port: int | str, *more: str) -> list[str]:
    """Prefect's server on loopback, until it is stopped."""
    server = [sys.executable, "-m", "deployments.prefect_server"]
    return [*server, "--host", "127.0.0.1", "--port", str(port), *more]


def pool_command(pool: str, kind: str) -> list[str]:
    """Makes the work pool; making it again changes nothing but its template."""
    return prefect("--no-prompt", "work-pool", "create", pool, "--type", kind, "--overwrite")


def deploy_command() -> list[str]:
    """Applies `prefect.yaml`."""
    return prefect("--no-prompt", "deploy", "--all", "--prefect-file", str(ROOT / "prefect.yaml"))


def client(environment: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    """A client of the Prefect API; its address and log-in come from the environment.

    Raises `MisconfiguredError` when no address is set.
    """
    values = os.environ if environment is None else environment
    url = values.get("PREFECT_API_URL")
    if not url:
        raise MisconfiguredError(
            "there is no address of the Prefect API",
            code="prefect_unknown",
            field="PREFECT_API_URL",
            way_out="Start the stack with `make up`, or set PREFECT_API_URL.",
        )
    user, _, password = values.get("PREFECT_API_AUTH_STRING", "").partition(":")
    auth = httpx.BasicAuth(user, password) if user else None
    return httpx.AsyncClient(base_url=url.rstrip("/"), auth=auth, timeout=30.0)


async def apply_automations(environment: Mapping[str, str] | None = None) -> list[str]:
    """Make or replace the automations of `automations.yaml`, by name. Returns their names."""
    wanted = yaml.safe_load(AUTOMATIONS.read_text())["automations"]
    async with client(environment) as api:
        known = {a["name"]: a["id"] for a in await _call(api, "POST", "/automations/filter", {})}
        for automation in wanted:
            found = known.get(automation["name"])
            await _call(api, "PUT" if found else "POST", f"/automations/{found or ''}", automation)
    return [a["name"] for a in wanted]


async def start_run(
    deployment: str, parameters: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Start a run of a deployment (`order-ingestion/ingest`); returns the flow run as the API tells it."""
    async with client(environment) as api:
        found = await _call(api, "GET", f"/deployments/name/{deployment}")
        body = {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}}
        run: dict[str, Any] = await _call(api, "POST", f"/deployments/{found['id']}/create_flow_run", body)
        return run


async def read_run(run_id: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A flow run with its state."""
    async with client(environment) as api:
        run: dict[str, Any] = await _call(api, "GET", f"/flow_runs/{run_id}")
        return run


async def _ask(api: httpx.AsyncClient, method: str, path: str, body: Any) -> httpx.Response:
    """Asks again after a 503, which changed nothing: Prefect gives it when two of its writers meet in SQLite."""
    for attempt in range(BUSY_ATTEMPTS - 1):
        answer = await api.request(method, path, json=body)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(BUSY_PAUSE * 2**attempt)
    return await api.request(method, path, json=body)


async def _call(api: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    """Raises `RetryableError` when Prefect is away, `MisconfiguredError` when it refuses."""
    try:
        answer = await _ask(api, method, path, body)
    except httpx.HTTPError as error:
        raise RetryableError(
            f"the Prefect API does not answer ({type(error).__name__})",
            code="prefect_down",
            way_out="Start it with `make up`, or set PREFECT_API_URL.",
        ) from error
    if answer.status_code >= 500:
        raise RetryableError(f"the Prefect API answers {answer.status_code}", code="prefect_down")
    if answer.status_code >= 400:
        raise MisconfiguredError(
            f"the Prefect API refuses {method} {path} with {answer.status_code}: {answer.text[:300]}",
            code="prefect_refuses",
            way_out="Apply the deployments with `crossdock engine apply`.",
        )
    return answer.json() if answer.content else None
