"""The examples in the docstrings of the generator, the sender and the catalogue are true."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from deployments.sandbox import catalogue
from deployments.sandbox.shopify.generator import money
from deployments.sandbox.shopify.webhooks import bodies, sender


@pytest.mark.parametrize("module", [catalogue, money, bodies, sender], ids=lambda module: module.__name__)
def test_examples_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
