"""The same deployments on an ordinary `process` pool, served by Prefect's own worker."""

from concurrent.futures import Future

import pytest
import yaml

from tests.engine.stories import ProcessStory
from tests.processes import ROOT

pytestmark = [pytest.mark.xdist_group("engine"), pytest.mark.counterpart]


def test_the_deployments_run_unchanged_on_a_process_pool(process_drain: Future[ProcessStory]) -> None:
    story = process_drain.result(180.0)
    declared = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert story.deployments == sorted(d["name"] for d in declared)
    assert story.state.name == "Completed", f"{story.state}\n{story.log}"
    assert story.run_name.startswith("orders drain ")
