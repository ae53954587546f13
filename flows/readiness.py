"""Data readiness before go-live, as a run: the doctor's findings become an artifact, and a run with errors fails.

The same as `crossdock doctor`, for people who work in the Prefect UI and for pipelines that wait for a run.
"""

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact

from canonical.errors import RejectedError
from canonical.readiness import Finding, Severity
from flows.handling.doctor import Doctor
from flows.probes import opened_probes
from flows.runtime import runtime


@flow(name="data-readiness", flow_run_name="data readiness")
async def data_readiness(fail_on_warnings: bool = False) -> dict[str, int]:
    """Look at items, SKUs, locations, customers, taxes, units, scopes, webhooks and API version of every system.

    Args:
        fail_on_warnings: Let the run fail on warnings, too.

    Returns how many checks were made and how many errors and warnings were found. Raises `RejectedError` when the
    data is not ready, so that the run is marked as failed.
    """
    rt = await runtime()
    await rt.renew_mappings()
    async with opened_probes(rt.landscape, rt.store, rt.mappings) as probes:
        doctor = Doctor(probes)
        findings = await doctor.examine()
    counts = {
        "checks": doctor.checks,
        "errors": sum(f.severity is Severity.ERROR for f in findings),
        "warnings": sum(f.severity is Severity.WARNING for f in findings),
    }
    await _report(findings, counts)
    get_run_logger().info("Data readiness: %s", counts)
    if counts["errors"] or (fail_on_warnings and counts["warnings"]):
        raise RejectedError(
            f"the data is not ready: {counts['errors']} errors, {counts['warnings']} warnings",
            code="not_ready",
            way_out="The artifact data-readiness lists them with their ways out.",
        )
    return counts


async def _report(findings: list[Finding], counts: dict[str, int]) -> None:
    """One table, errors first."""
    table = [
        {
            "severity": f.severity.value,
            "check": f.check,
            "where": f.scope,
            "what": f.words,
            "how many": f.count,
            "such as": ", ".join(f.examples),
            "way out": f.way_out,
        }
        for f in findings
    ]
    words = f"**Data readiness**: {counts['checks']} checks, {counts['errors']} errors, {counts['warnings']} warnings."
    created = create_table_artifact(key="data-readiness", table=table, description=words)
    if hasattr(created, "__await__"):
        await created
