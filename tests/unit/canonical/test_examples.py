"""Every rule shows an example in its docstring, and every example holds."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import canonical
from canonical.rules.order_checks import CHECKS

HEAVY = ("canonical.quality",)  # its gates are tried in tests/unit/quality


def modules() -> list[ModuleType]:
    names = [m.name for m in pkgutil.walk_packages(canonical.__path__, "canonical.") if not m.name.startswith(HEAVY)]
    return [importlib.import_module(name) for name in names]


WITH_EXAMPLES = [module for module in modules() if any(t.examples for t in doctest.DocTestFinder().find(module))]


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=lambda module: module.__name__)
def test_the_examples_of_a_module_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_check_has_an_example_in_its_docstring(check: object) -> None:
    assert ">>> " in (check.__doc__ or "")


def test_the_rules_are_among_the_modules_with_examples() -> None:
    names = {module.__name__ for module in WITH_EXAMPLES}
    assert {"canonical.rules.booking", "canonical.rules.changes", "canonical.rules.checks.content"} <= names
