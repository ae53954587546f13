"""Files that people edit while the house runs: a good edit counts at once, a broken one changes nothing and is told."""

import os
from pathlib import Path

from flows.policy_files import PolicyFile, RoutingFile

ONE, TWO = '[[locations]]\ncode = "EAST"\n', '[[locations]]\ncode = "EAST"\n[[locations]]\ncode = "WEST"\n'


def write(path: Path, text: str, moment: int) -> None:
    path.write_text(text)
    os.utime(path, ns=(moment, moment))


def test_routing_rules_are_taken_in_again_and_a_broken_edit_leaves_what_held_before(tmp_path: Path) -> None:
    path = tmp_path / "routing.toml"
    file = RoutingFile(path)
    assert file.renew() is None
    assert file.rules.locations == ()
    write(path, ONE, 1)
    assert file.renew() is None
    first = file.fingerprint
    assert list(file.rules.location) == ["EAST"]
    write(path, '[[locations]]\ncode = "EAST"\nleaves = 01:00:00', 2)
    problem = file.renew()
    assert problem is not None
    assert "the carrier leaves before the cut-off" in problem
    assert (list(file.rules.location), file.fingerprint) == (["EAST"], first)
    assert file.renew() == problem, "until somebody corrects it"
    write(path, TWO, 3)
    assert file.renew() is None
    assert list(file.rules.location) == ["EAST", "WEST"]
    assert file.fingerprint != first


def test_stock_policies_are_watched_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "policies.toml"
    file = PolicyFile(path)
    write(path, '[[policy]]\nbuffer = "2"\n', 1)
    assert file.renew() is None
    assert file.policies.policy("north", "EAST", "TEE").buffer == "2"
    write(path, "[[policy]]\n", 2)
    assert "it sets nothing" in (file.renew() or "")
    assert file.policies.policy("north", "EAST", "TEE").buffer == "2"
