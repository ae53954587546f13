"""`crossdock doctor`: is the data of all systems fit to go live?"""

import asyncio
from pathlib import Path

from canonical.readiness import Finding, Severity
from deployments.cli.context import console, opened_store, show
from deployments.cli.mapping_access import mappings_of
from deployments.landscape_loader import load_landscape
from flows.handling.doctor import Doctor
from flows.probes import opened_probes
from flows.settings import FlowSettings

COLUMNS = ("severity", "check", "where", "what", "how many", "such as", "way out")


def doctor(*, strict: bool = False, landscape: Path | None = None) -> int:
    """Look at items, SKUs, locations, customers, taxes, units, scopes, webhooks and API version of every system.

    Ends with 0 when the data is ready, 1 when it is not, 2 when nothing could be looked at. It changes nothing.

    Parameters
    ----------
    strict
        Warnings count, too.
    landscape
        The landscape file; CROSSDOCK_FLOW_LANDSCAPE when left out.
    """
    checks, findings = asyncio.run(_examine(landscape or FlowSettings().landscape))
    rows = [(f.severity, f.check, f.scope, f.words, f.count, ", ".join(f.examples), f.way_out) for f in findings]
    show("Data readiness", COLUMNS, rows)
    errors = sum(f.severity is Severity.ERROR for f in findings)
    console.print(f"{checks} checks, {errors} errors, {len(findings) - errors} warnings.")
    return int(bool(errors or (strict and findings)))


async def _examine(file: Path) -> tuple[int, list[Finding]]:
    async with opened_store() as store:
        mappings = await mappings_of(store)
        async with opened_probes(load_landscape(file), store, mappings) as probes:
            examined = Doctor(probes)
            findings = await examined.examine()
    return examined.checks, findings
