"""`python -m deployments.sandbox.shopify`: run a Shopify stand-in."""

import argparse
import gc
import logging
from pathlib import Path

from deployments.sandbox.shopify.buckets import PLANS
from deployments.sandbox.shopify.server import bind, serve
from deployments.sandbox.shopify.stand_in import Settings, StandIn
from deployments.sandbox.shopify.tokens import DEFAULT_SCOPES, TOKEN_SECONDS


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(prog="python -m deployments.sandbox.shopify", description=__doc__)
    line.add_argument("--host", default="127.0.0.1")
    line.add_argument("--port", type=int, default=0, help="0 takes a free one")
    line.add_argument("--port-file", type=Path, help="written with the port when the stand-in answers")
    line.add_argument("--shop", action="append", default=[], help="domain; repeatable; default: the catalogue's shops")
    line.add_argument("--plan", choices=sorted(PLANS), default="standard", help="sizes the cost bucket")
    line.add_argument("--client-id", default="crossdock")
    line.add_argument("--client-secret", default="crossdock-sandbox-secret", help="also signs the webhooks")
    line.add_argument("--scopes", default="", help="comma-separated; default: all an app here needs")
    line.add_argument("--token-seconds", type=int, default=TOKEN_SECONDS, help="life of an access token")
    line.add_argument("--state", default="memory", help="a file to keep everything in, or 'memory'")
    line.add_argument("--webhook-time-scale", type=float, default=1.0, help="0.001 makes 4 hours of retries 15 s")
    line.add_argument("--items", type=int, default=0, help="so many more products a shop, stocked at every location")
    line.add_argument("--bulk-rows-a-second", type=float, default=20_000.0, help="pace of a bulk operation")
    line.add_argument("--empty", action="store_true", help="do not fill the shops from the catalogue")
    return line


def main() -> None:
    """Run until told to stop."""
    given = parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    listener = bind(given.host, given.port)
    settings = Settings(
        shops=tuple(given.shop),
        plan=given.plan,
        client_id=given.client_id,
        client_secret=given.client_secret,
        scopes=frozenset(given.scopes.split(",")) if given.scopes else DEFAULT_SCOPES,
        token_seconds=given.token_seconds,
        state_file=None if given.state == "memory" else Path(given.state),
        webhook_time_scale=given.webhook_time_scale,
        seed=not given.empty,
        items=given.items,
        bulk_rows_a_second=given.bulk_rows_a_second,
    )
    stand_in = StandIn(settings)
    # What was loaded or seeded stays: the collector need not walk over it again and again.
    gc.collect()
    gc.freeze()
    serve(stand_in, listener, port_file=given.port_file)


if __name__ == "__main__":
    main()
