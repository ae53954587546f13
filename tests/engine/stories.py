"""Two stories that take long: a worker is killed and its run found dead; a drain runs on an ordinary process pool."""

import copy
import os
import subprocess
import time
from dataclasses import dataclass
from typing import Any

import yaml

from deployments.engine import AUTOMATIONS, deploy_command
from deployments.stack.plan import Plan, free_port
from tests.engine.engine import PROCESS, Engine, State
from tests.engine.notebook import Notebook
from tests.processes import ROOT

SILENCE = 10
"""Seconds without a heartbeat after which the test's copy of the zombie automation acts; the real one waits 90."""


@dataclass(frozen=True)
class ZombieStory:
    """What became of a run whose worker was killed, and how long after the kill."""

    before: State
    after: State
    seconds: float


def zombie_automation() -> dict[str, Any]:
    """The automation as we ship it."""
    (found,) = [
        a for a in yaml.safe_load(AUTOMATIONS.read_text())["automations"] if a["name"] == "crossdock zombie runs"
    ]
    return copy.deepcopy(found)


def make_a_zombie(engine: Engine) -> ZombieStory:
    """Kill -9 a worker in the middle of a run and wait until the shipped automation finds it, told to wait less.

    Heartbeats come every 30 s, the least Prefect allows, the first one when the run starts; the copy watches this run
    alone, as it would take every run of more than 10 s for dead.
    """
    notebook = Notebook(engine.home / "zombie.jsonl")
    pool = engine.pool("killed")
    with engine.worker(pool) as worker:
        run = engine.run(engine.deploy("slow", pool), notebook=str(notebook))
        automation = zombie_automation()
        automation["name"] = "zombie of the test"
        automation["trigger"]["within"] = SILENCE
        automation["trigger"]["match"] = {"prefect.resource.id": f"prefect.flow-run.{run}"}
        engine.automate(automation)
        notebook.wait("begun")
        engine.wait(run, "RUNNING")
        time.sleep(1.0)  # for the heartbeat to be on its way
        worker.kill()
        killed = time.monotonic()
    before = engine.state(run)
    after = engine.wait(run, within=60.0)
    return ZombieStory(before, after, time.monotonic() - killed)


@dataclass(frozen=True)
class ProcessStory:
    """How a drain ended, and what had been deployed."""

    state: State
    run_name: str
    deployments: list[str]
    log: str


def drain_on_a_process_pool(engine: Engine) -> ProcessStory:
    """Apply `prefect.yaml` to a `process` pool, serve it with Prefect's own worker, and drain an empty store."""
    pool = engine.pool("plain", PROCESS)
    plan = Plan(home=engine.home / "house", pool=pool)
    plan.home.mkdir()
    nobody = f"http://127.0.0.1:{free_port()}"  # systems are opened, and never called for an empty store
    house = plan.environment(shopify_url=nobody, erp_url=nobody, prefect_url="")
    environment = {**house, **engine.environment, "CROSSDOCK_WORK_POOL": pool}
    log = engine.home / "deploy.log"
    with log.open("wb") as output:
        subprocess.run(
            deploy_command(), cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output, check=True
        )
    found = engine.call("POST", "/deployments/filter", {"work_pools": {"name": {"any_": [pool]}}})
    deployment = engine.call("GET", "/deployments/name/order-ingestion/drain")["id"]
    with engine.worker(pool, kind=PROCESS, more=environment) as worker:
        run = engine.run(deployment, linger_seconds=0)
        state = engine.wait(run, within=120.0)
        said = worker.log.read_text()
    return ProcessStory(state, engine.read(run)["name"], sorted(d["name"] for d in found), said)
