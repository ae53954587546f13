"""Reads landscape, mapping seeds, stock policies, routing rules and life policies from files; `canonical` checks."""

from pathlib import Path

from canonical.errors import MisconfiguredError
from canonical.landscape import Landscape, read_landscape
from canonical.mapping.seeds import FIRST_FILES, SEED_FILES, read_mappings
from canonical.mapping.table import TableMappings
from canonical.rules.lifecycle.policy import LifePolicies, read_life_policies
from canonical.rules.policies import Policies, read_policies
from canonical.rules.routing import RoutingRules, read_rules

LANDSCAPE_FILE = Path(__file__).with_name("landscape.toml")
ORDERS_LANDSCAPE_FILE = LANDSCAPE_FILE.with_name("landscape.orders.toml")
"""The same house without who ships."""
MAPPINGS_FOLDER = Path(__file__).with_name("mappings")
POLICIES_FILE = Path(__file__).with_name("policies") / "policies.toml"
ROUTING_FILE = POLICIES_FILE.with_name("routing.toml")
LIFECYCLE_FILE = POLICIES_FILE.with_name("lifecycle.toml")


def load_landscape(path: Path = LANDSCAPE_FILE) -> Landscape:
    """The landscape in a file. Raises `MisconfiguredError` listing everything wrong with it."""
    return read_landscape(_text(path), path.name)


def load_mappings(folder: Path = MAPPINGS_FOLDER) -> TableMappings:
    """The mapping seeds in a folder, one CSV a kind. Raises `MisconfiguredError` naming every bad line."""
    wanted = [name for name in SEED_FILES if name in FIRST_FILES or (folder / name).exists()]
    return read_mappings({name: _text(folder / name) for name in wanted})


def load_policies(path: Path = POLICIES_FILE) -> Policies:
    """The stock policies in a file. Raises `MisconfiguredError` listing everything wrong with it."""
    return read_policies(_text(path), path.name)


def load_routing(path: Path = ROUTING_FILE) -> RoutingRules:
    """The routing rules in a file. Raises `MisconfiguredError` listing everything wrong with it."""
    return read_rules(_text(path), path.name)


def load_life_policies(path: Path = LIFECYCLE_FILE) -> LifePolicies:
    """How orders are shipped and taken back. Raises `MisconfiguredError` naming each field that is wrong."""
    return read_life_policies(_text(path), path.name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as cause:
        raise MisconfiguredError(
            "the file cannot be read",
            code="file_unreadable",
            document=path.name,
            way_out=f"Create {path.name} as UTF-8 text, or name another file",
        ) from cause
