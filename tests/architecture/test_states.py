"""The state tables: sound, caught when they are not, and drawn in the documentation as they are."""

import subprocess
import sys
from pathlib import Path

import pytest

from canonical import states
from canonical.rules.verdicts import DecisionOutcome
from canonical.states import TABLES, StateTable

PAGE = Path(states.__file__).with_suffix(".md")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_sound(table: StateTable) -> None:
    assert table.problems() == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_state_leads_to_an_end(table: StateTable) -> None:
    ends = set(table.final)
    while grown := {s for s, targets in table.transitions.items() if set(targets) & ends} - ends:
        ends |= grown
    assert ends == set(table.transitions)


@pytest.mark.parametrize(
    ("transitions", "final", "problem"),
    [
        ({"a": ("b",), "b": ()}, (), "t: b is a dead end but not final"),
        ({"a": ("b",), "b": (), "c": ("b",)}, ("b",), "t: c is never reached"),
        ({"a": ("b", "z"), "b": ()}, ("b",), "t: a leads to z, which is not a state"),
    ],
)
def test_a_broken_table_is_caught(
    transitions: dict[str, tuple[str, ...]], final: tuple[str, ...], problem: str
) -> None:
    assert StateTable(name="t", start="a", transitions=transitions, final=final).problems() == [problem]


def test_a_step_is_allowed_only_when_the_table_has_it() -> None:
    assert states.EFFECT.allows("intended", "sent")
    assert not states.EFFECT.allows("settled", "sent")
    assert states.EFFECT.allows("settled", "settled")


def test_every_enum_member_is_a_state_of_its_table() -> None:
    enums = (
        states.OrderState,
        states.FulfillmentOrderState,
        states.ReturnState,
        states.MessageState,
        states.EffectState,
    )
    for table, enum in zip(TABLES, enums, strict=True):
        assert set(table.transitions) == {member.value for member in enum}


def test_a_received_order_may_go_wherever_a_decision_sends_it() -> None:
    for outcome in DecisionOutcome:
        assert states.ORDER.allows(states.OrderState.RECEIVED, outcome.value)
    assert states.ORDER.allows(states.OrderState.RECEIVED, states.OrderState.CANCELLED)


def test_the_diagrams_in_the_documentation_are_the_tables() -> None:
    """Write the page anew with `python -m canonical.states > canonical/states.md`."""
    drawn = subprocess.run([sys.executable, "-m", "canonical.states"], capture_output=True, text=True, check=True)
    assert PAGE.read_text(encoding="utf-8") == drawn.stdout
    for table in TABLES:
        assert table.diagram() in PAGE.read_text(encoding="utf-8")
