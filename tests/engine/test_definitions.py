"""What we hand to Prefect: the profile, the deployments, the triggers. No server is needed here."""

import inspect
import json
import os
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
import prefect.settings
import pytest
import yaml
from prefect import Task

from deployments.engine import engine_environment
from deployments.gateway.bells import PrefectBell
from deployments.profile import PROFILE
from deployments.worker.loading import load_flow
from flows.steps import orders as steps
from tests.processes import ROOT

DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
BY_NAME = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: f"{d['entrypoint']}/{d['name']}")
EFFECTIVE = """
import json, os
from prefect._internal.analytics import is_telemetry_enabled
from prefect.settings import get_current_settings
print(json.dumps({"settings": get_current_settings().model_dump(mode="json"), "sdk": is_telemetry_enabled()}))
"""


@pytest.fixture(scope="module")
def effective(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The settings of a process that we start, as Prefect understands them there."""
    ours = engine_environment(tmp_path_factory.mktemp("home"), "http://127.0.0.1:9/api")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "DO_NOT_TRACK", "CI"))} | ours
    told = subprocess.run(
        [sys.executable, "-c", EFFECTIVE], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_no_telemetry_leaves_the_machine(effective: dict[str, Any]) -> None:
    settings = effective["settings"]
    assert effective["sdk"] is False
    assert settings["server"]["analytics_enabled"] is False
    assert settings["cloud"]["enable_orchestration_telemetry"] is False
    assert settings["telemetry"]["enable_resource_metrics"] is False
    assert settings["server"]["ui"]["show_promotional_content"] is False


def test_the_profile_is_the_one_in_effect(effective: dict[str, Any]) -> None:
    settings = effective["settings"]
    recorder = settings["server"]["services"]["task_run_recorder"]
    assert (recorder["batch_size"], recorder["read_batch_size"], recorder["flush_interval"]) == (200, 200, 1.0)
    assert settings["flows"]["heartbeat_frequency"] == 30
    assert (settings["worker"]["query_seconds"], settings["worker"]["prefetch_seconds"]) == (1.0, 0.0)
    assert settings["results"]["default_serializer"] == "json"
    assert set(settings["server"]["services"]["db_vacuum"]["enabled"]) == {"events", "flow_runs"}


def test_every_line_of_the_profile_is_a_setting_that_this_prefect_has() -> None:
    names = tomllib.loads(PROFILE.read_text())["profiles"]["crossdock"]
    assert [name for name in names if not hasattr(prefect.settings, name)] == []
    assert not hasattr(prefect.settings, "PREFECT_NO_SUCH_SETTING")


@BY_NAME
def test_a_deployments_entrypoint_is_a_flow_that_the_warm_worker_takes(deployment: dict[str, Any]) -> None:
    flow = load_flow(deployment["entrypoint"])
    accepted = set(inspect.signature(flow.fn).parameters)
    assert set(deployment["parameters"]) <= accepted
    for schedule in deployment.get("schedules", []):
        assert set(schedule.get("parameters", {})) <= accepted


@BY_NAME
def test_a_deployment_is_readable_in_the_ui(deployment: dict[str, Any]) -> None:
    flow = load_flow(deployment["entrypoint"])
    assert deployment["description"].endswith((".", "UI."))
    assert deployment["tags"]
    assert flow.flow_run_name, "a run would be called after an adjective and an animal"
    assert flow.description


@pytest.mark.parametrize("kind", ["orders", "stock.north"])
async def test_the_gateway_rings_for_what_one_trigger_expects(kind: str) -> None:
    rung: list[dict[str, Any]] = []

    def hear(request: httpx.Request) -> httpx.Response:
        rung.extend(json.loads(request.content))
        return httpx.Response(204)

    bell = PrefectBell("http://prefect.example/api", transport=httpx.MockTransport(hear))
    await bell.ring(kind, 1)
    await bell.aclose()
    (event,) = rung
    triggers = [t for d in DEPLOYMENTS for t in d.get("triggers", []) if fnmatch(event["event"], t["expect"][0])]
    (trigger,) = triggers
    assert trigger["enabled"]
    assert fnmatch(event["resource"]["prefect.resource.id"], trigger["match"]["prefect.resource.id"])


def test_every_step_is_async_so_that_none_blocks_the_warm_worker() -> None:
    tasks = {name: found for name, found in vars(steps).items() if isinstance(found, Task)}
    assert {"translate", "check", "post", "write_back"} <= set(tasks)
    assert [name for name, found in tasks.items() if not found.isasync] == []


def test_a_worker_whose_runs_would_be_taken_for_dead_does_not_start(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= {"PREFECT_HOME": str(tmp_path), "PREFECT_API_URL": "http://127.0.0.1:9/api", "DO_NOT_TRACK": "1"}
    command = [sys.executable, "-m", "deployments.worker"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "PREFECT_FLOWS_HEARTBEAT_FREQUENCY" in done.stdout + done.stderr
