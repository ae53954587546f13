"""`crossdock up`: everything kept running on fixed ports until Ctrl-C."""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Literal

from deployments.cli.context import console
from deployments.stack.plan import FIXED, THREE_PLS, Plan
from deployments.stack.stack import running


def up(*, erp: Literal["tryton", "lambda"] = "tryton", home: Path = Path(".crossdock/up")) -> int:
    """Start the stand-in, the ERP, the warehouses, Prefect, worker and gateway; print their addresses; wait for Ctrl-C.

    Parameters
    ----------
    erp
        tryton or lambda.
    home
        Folder for databases and logs; kept, so the next `up` goes on where this one stopped.
    """
    plan = Plan(home=home.resolve() / erp, erp=erp, house="whole", ports=FIXED)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_up(plan))
    return 0


async def _up(plan: Plan) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(plan, lambda text: console.print(f"  {text}")) as stack:
        environment = plan.home / "environment.sh"
        drops = "".join(f"3PL {name:<13} {plan.drop(name)}\n" for name in THREE_PLS)
        environment.write_text("".join(f"export {k}='{v}'\n" for k, v in sorted(stack.environment.items())))
        environment.chmod(0o600)
        console.print(
            f"\nPrefect UI        {stack.prefect.url}\n"
            f"Gateway           {stack.gateway.url}\n"
            f"Shopify stand-in  {stack.shopify.url}\n"
            f"ERP ({plan.erp})   {stack.erp.url}\n"
            f"Warehouse (wms)   {stack.wms.url}/wms\n"
            f"{drops}\n"
            f"In another terminal:\n"
            f"  source {environment}\n"
            f"  .venv/bin/crossdock sandbox order --count 20 --profile mixed\n"
            f"  .venv/bin/crossdock sandbox live --rate 30/min --minutes 2\n"
            f"  .venv/bin/crossdock inbox; .venv/bin/crossdock holds list; .venv/bin/crossdock trace '#1001'\n"
            f"  .venv/bin/crossdock lives list; .venv/bin/crossdock lives show '#1001'\n\n"
            f"Ctrl-C stops everything."
        )
        await stop.wait()
        console.print("Stopping.")
