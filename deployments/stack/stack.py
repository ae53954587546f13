"""Starts and stops a stack: parts in parallel, on free or fixed ports, nothing left behind."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from connectors import registry
from deployments.engine import (
    apply_automations,
    deploy_command,
    pool_command,
    prefect,
    read_run,
    server_command,
    start_run,
)
from deployments.landscape_loader import load_landscape
from deployments.stack.plan import SHOPS, THREE_PLS, Plan, free_port
from deployments.stack.process import Part, PartFailedError, module
from deployments.stack.process import run as run_to_end

POLL_STOCK = "stock-poll/poll"
Report = Callable[[str], None]


class Stack:
    """Everything that runs for one plan. `environment` is what a client of the stack needs."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.plan, self.report = plan, report
        self.environment: dict[str, str] = {}
        self.shopify = self._shopify()
        self.erp = self._erp()
        self.wms = self._wms()
        self.prefect = self._prefect()
        self.worker = Part("worker", [], home=plan.home, environment={})
        self.gateway = Part("gateway", [], home=plan.home, environment={})

    @property
    def parts(self) -> list[Part]:
        """In the order they are stopped: who takes in first, who is called last."""
        return [self.gateway, self.worker, self.prefect, self.shopify, self.wms, self.erp]

    async def start(self) -> None:
        """Start everything; raises `PartFailedError` with the log of the part that did not come up."""
        self.plan.home.mkdir(parents=True, exist_ok=True)
        self.environment = self._environment()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._start_shopify())
            group.create_task(self._start_erp())
            group.create_task(self._start_warehouses())
            group.create_task(self._start_engine())
            group.create_task(self._start_gateway())
        self.environment["CROSSDOCK_GATEWAY_URL"] = self.gateway.url  # for who starts later; a port may be a free one
        await self.subscribe()
        self.report("webhooks subscribed")
        if self.plan.house == "whole":
            await self._learn_stock()

    async def _learn_stock(self) -> None:
        """Ask the ERP what is where before the first order comes: what is not known anywhere can be shipped by nobody.

        Raises `PartFailedError` when the run does not end well in time.
        """
        run, deadline = await start_run(POLL_STOCK, {"seconds": 0}, self.environment), time.monotonic() + 180
        while (state := (await read_run(run["id"], self.environment))["state"]["type"]) != "COMPLETED":
            if state in ("FAILED", "CANCELLED", "CRASHED") or time.monotonic() > deadline:
                raise PartFailedError(f"the stock was not read: {state}\n{self.worker.tail()}")
            await asyncio.sleep(0.5)
        self.report("stock read")

    async def stop(self) -> None:
        """Stop everything that was started."""
        for part in self.parts:
            await part.stop()

    def _environment(self) -> dict[str, str]:
        ports = self.plan.ports
        wanted = {self.shopify: ports.shopify, self.erp: ports.erp, self.prefect: ports.prefect, self.wms: ports.wms}
        for part, port in wanted.items():
            part.port = port or free_port()
        return self.plan.environment(
            shopify_url=self.shopify.url, erp_url=self.erp.url, prefect_url=self.prefect.url, wms_url=self.wms.url
        )

    def _shopify(self) -> Part:
        plan = self.plan
        arguments = ["--port", "{port}", "--port-file", "{port_file}", "--plan", plan.plan]
        for domain in SHOPS.values():
            arguments += ["--shop", domain]
        arguments += ["--client-id", plan.client_id, "--client-secret", plan.client_secret, "--state", "memory"]
        arguments += ["--webhook-time-scale", str(plan.webhook_time_scale)]
        command = module("deployments.sandbox.shopify", *arguments)
        return Part("shopify", command, home=plan.home, environment={})

    def _erp(self) -> Part:
        name = "tryton" if self.plan.erp == "tryton" else "lambda_erp"
        command = module(
            f"deployments.sandbox.{name}",
            *("serve", "--database", str(self.erp_database), "--port", "{port}", "--port-file", "{port_file}"),
        )
        return Part("erp", command, home=self.plan.home, environment={})

    @property
    def erp_database(self) -> Path:
        """The ERP's database file of this stack."""
        return self.plan.home / "erp.sqlite"

    def _wms(self) -> Part:
        arguments = ("serve", "--database", str(self.wms_database), "--port", "{port}", "--port-file", "{port_file}")
        return Part("wms", module("deployments.sandbox.wms", *arguments), home=self.plan.home, environment={})

    @property
    def wms_database(self) -> Path:
        """The warehouse's database file of this stack; there in a whole house only."""
        return self.plan.home / "wms.sqlite"

    def _prefect(self) -> Part:
        return Part("prefect", server_command("{port}"), home=self.plan.home, environment={})

    async def _start_shopify(self) -> None:
        await self.shopify.start()
        self.report(f"Shopify stand-in at {self.shopify.url}")

    async def _start_erp(self) -> None:
        """The ERP on a database of its own, and the PIM's feed beside it."""
        log = self.plan.home / "logs" / "erp-build.log"
        if not self.plan.feeds.exists():
            where = ("--out", str(self.plan.feeds), "--images", f"{self.shopify.url}/_sandbox/pictures")
            await run_to_end(module("deployments.sandbox.feeds", *where), environment={}, log=log)
        if not self.erp_database.exists():
            kind = "deployments.sandbox.tryton" if self.plan.erp == "tryton" else "deployments.sandbox.lambda_erp"
            verb = ("build", "--out") if self.plan.erp == "tryton" else ("seed", "--database")
            await run_to_end(module(kind, *verb, str(self.erp_database)), environment={}, log=log, within=600)
            self.report("ERP database ready")
        await self.erp.start()
        self.report(f"{self.plan.erp} ERP at {self.erp.url}")

    async def _start_warehouses(self) -> None:
        """In a whole house: the warehouse on a database of its own, and the folders of the 3PLs."""
        if self.plan.house != "whole":
            return
        for name in THREE_PLS:
            for folder in ("orders", "incoming"):
                (self.plan.drop(name) / folder).mkdir(parents=True, exist_ok=True)
        if not self.wms_database.exists():
            log = self.plan.home / "logs" / "wms-build.log"
            build = module("deployments.sandbox.wms", "build", "--out", str(self.wms_database))
            await run_to_end(build, environment={}, log=log, within=600)
            self.report("warehouse database ready")
        await self.wms.start()
        self.report(f"warehouse at {self.wms.url}")

    async def _start_engine(self) -> None:
        """Prefect, its work pool, deployments and automations, then the worker."""
        self.prefect.environment = self.environment
        await self.prefect.start(self._prefect_ready)
        self.report(f"Prefect at {self.prefect.url}")
        log = self.plan.home / "logs" / "deploy.log"
        await run_to_end(pool_command(self.plan.pool, self.plan.pool_type), environment=self.environment, log=log)
        await run_to_end(deploy_command(), environment=self.environment, log=log)
        await apply_automations(self.environment)
        self.report("deployments and automations applied")
        await self.start_worker()

    async def _prefect_ready(self) -> bool:
        try:
            async with httpx.AsyncClient(timeout=2.0) as http:
                return (await http.get(f"{self.prefect.url}/api/health")).status_code == 200
        except httpx.HTTPError:
            return False

    async def start_worker(self) -> None:
        """Start (or start again, after a kill) the worker of the plan's pool."""
        limit = str(self.plan.worker_limit)
        if self.plan.pool_type == "process":
            command = prefect("worker", "start", "--pool", self.plan.pool, "--limit", limit)
        else:
            command = module("deployments.worker", "--pool", self.plan.pool, "--limit", limit)
        self.worker = Part("worker", command, home=self.plan.home, environment=self.environment)
        await self.worker.start()
        self.report("worker polls")

    async def _start_gateway(self) -> None:
        await self.start_gateway()
        self.report(f"gateway at {self.gateway.url}")

    async def start_gateway(self) -> None:
        """Start (or start again) the gateway; a second start keeps the port, senders know it."""
        port = self.gateway.port or self.plan.ports.gateway
        command = module(
            "deployments.gateway",
            *("--port", str(port), "--port-file", "{port_file}", "--landscape", str(self.plan.landscape)),
        )
        self.gateway = Part("gateway", command, home=self.plan.home, environment=self.environment)
        await self.gateway.start()

    async def subscribe(self) -> None:
        """Tell every shop where its webhooks go."""
        landscape = load_landscape(self.plan.landscape)
        with applied(self.environment):
            store = await registry.state_store()
        async with aclosing(store):
            for shop in landscape.shops:
                with applied(self.environment):
                    channel = registry.sales_channel(landscape, shop.name, store)
                    topics = registry.webhook_topics(landscape, shop.name)
                async with aclosing(channel):
                    await channel.subscribe(topics, f"{self.gateway.url}/webhooks/{shop.channel}/{shop.name}")


@contextmanager
def applied(environment: Mapping[str, str]) -> Iterator[None]:
    """The environment of a stack, for connectors opened in this process; taken back afterwards."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@asynccontextmanager
async def running(plan: Plan, report: Report = lambda _: None) -> AsyncIterator[Stack]:
    """A stack for the length of the block; whatever happens, no process is left behind."""
    stack = Stack(plan, report)
    task = asyncio.current_task()
    if task is not None:  # whoever is told to end still stops what it started
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await stack.start()
        yield stack
    finally:
        await stack.stop()
