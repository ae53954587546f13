"""`crossdock orders ingest`: bring named orders in by hand, as a run of the deployment."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from deployments.cli.runs import run_and_wait

DEPLOYMENT = "order-ingestion/ingest"


def ingest(
    *, name: Annotated[list[str], Parameter(consume_multiple=True)], shop: str | None = None, wait: bool = True
) -> int:
    """Read orders from the shop by name and bring them into the ERP. What is booked is not booked twice.

    Parameters
    ----------
    name
        Order names (#1001); several may follow.
    shop
        The shop; may be left out when there is one.
    wait
        Wait for the run to end and say how it went.
    """
    return asyncio.run(run_and_wait(DEPLOYMENT, {"names": name, "shop": shop, "linger_seconds": 0}, wait=wait))
