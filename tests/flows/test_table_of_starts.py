"""No deployment and no way to start one is left out of the table that `counterpart/test_starts.py` walks."""

from typing import Final

from tests.flows.counterpart.starts import APPROVALS, TABLE, declared, told

ROWS: Final = {row.deployment: row for row in TABLE}


def test_every_deployment_has_one_row() -> None:
    assert sorted(row.deployment for row in TABLE) == sorted(declared())


def test_every_event_and_schedule_of_a_deployment_has_a_row() -> None:
    starts = {name: (found.events, set(found.schedules)) for name, found in declared().items()}
    assert {name: (set(row.events), set(row.schedules)) for name, row in ROWS.items()} == starts


def test_every_start_by_hand_that_needs_a_parameter_has_it() -> None:
    """An approval has no number by itself; everything else runs as it is."""
    needs = {name for name, found in declared().items() if found.parameters.get("approval") == 0}
    assert needs == set(APPROVALS)


def test_readme_names_every_deployment_event_command_and_schedule_and_no_other() -> None:
    readme = told()
    assert sorted(readme) == sorted(ROWS)
    for name, said in readme.items():
        row = ROWS[name]
        assert (said.events, said.commands) == (set(row.events), set(row.commands)), name
        assert ("every" in said.words) == bool(row.schedules), name
        assert ("Prefect UI" in said.words) == (name not in APPROVALS), name
