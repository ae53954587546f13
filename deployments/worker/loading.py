"""Finding the flow behind an entrypoint, once a process."""

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.flows import load_flow_from_entrypoint

from canonical.errors import MisconfiguredError


def load_flow(entrypoint: str) -> Flow[..., Any]:
    """The flow of an entrypoint: `flows/x.py:y` or `flows.x.y`.

    Goes through the import system where it can, so that a module has one copy of its state however many entrypoints
    point into it. Raises `MisconfiguredError` for a flow that would block the worker.
    """
    path, _, name = entrypoint.rpartition(":") if ":" in entrypoint else entrypoint.rpartition(".")
    module = _module_of(path)
    found = getattr(importlib.import_module(module), name, None) if module else None
    flow = found if isinstance(found, Flow) else load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    return _runnable(flow, entrypoint)


def _module_of(path: str) -> str | None:
    """The importable name of a file below the working directory, when importing it leads to that very file."""
    name = path.removesuffix(".py").replace("/", ".")
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or (path.endswith(".py") and Path(spec.origin or "").resolve() != Path(path).resolve()):
        return None
    return name


def _runnable(flow: Flow[..., Any], entrypoint: str) -> Flow[..., Any]:
    """Raises `MisconfiguredError` for what cannot share a process with other runs."""
    if flow.isasync and not flow.isgenerator:
        return flow
    raise MisconfiguredError(
        f"the flow {flow.name!r} is not a plain `async def`: it would stop every other run of this worker",
        code="flow_not_async",
        document=entrypoint,
        way_out="Write it as `async def`, or run its deployment on a `process` pool.",
    )
