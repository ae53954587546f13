"""Make the demo database: built once into a cache, then copied, because building takes half a minute and copying none.

The cache entry is named by a hash of everything that decides its content: catalogue, seeders, Tryton's version and the
calendar year (the fiscal years are created from it). For SQLite it is the database file, for PostgreSQL a dump.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deployments.sandbox.catalogue import CATALOGUE_FILE, Catalogue, load_catalogue
from deployments.sandbox.tryton.modules import MODULES, activate
from deployments.sandbox.tryton.seed import seed
from deployments.sandbox.tryton.target import SUFFIX, Target

CACHE = Path(".crossdock/cache")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """What decides the content of a database: its modules, who fills it, and the files in which that is written."""

    name: str
    modules: tuple[str, ...]
    seed: Callable[[Any, str, Catalogue], None]
    sources: tuple[Path, ...]


_HERE = Path(__file__).parent
ERP = Recipe("tryton", MODULES, seed, (_HERE / "modules.py", *sorted((_HERE / "seed").glob("*.py"))))


def build_file(out: Path, cache: Path = CACHE, recipe: Recipe = ERP) -> bool:
    """Put a fresh demo database at `out`, replacing what is there; return whether it had to be built.

    Safe to call from several processes at once: one builds, the others wait and copy.
    """
    Target.of_file(out)  # refuses a name that Tryton cannot serve before anything is built
    with _entry(cache, SUFFIX, recipe) as (entry, scratch):
        missing = not entry.exists()
        if missing:
            _build_file_entry(entry, scratch, recipe)
    out.parent.mkdir(parents=True, exist_ok=True)
    for leftover in (f"{out}-wal", f"{out}-shm"):
        Path(leftover).unlink(missing_ok=True)
    shutil.copyfile(entry, out)
    return missing


def build_database(uri: str, cache: Path = CACHE) -> bool:
    """Create the demo database on PostgreSQL under the name in `uri`; return whether it had to be built.

    Raises ValueError when the database exists: a database is never overwritten.
    """
    from deployments.sandbox.tryton import postgresql

    target = Target.of_uri(uri)
    with postgresql.created(target), _entry(cache, ".dump", ERP) as (entry, scratch):
        missing = not entry.exists()
        if missing:
            _fill(target, ERP)
            postgresql.dump(target, scratch / "dump")
            os.replace(scratch / "dump", entry)
        else:
            postgresql.restore(entry, target)
    return missing


def fingerprint(recipe: Recipe = ERP) -> str:
    """Twelve hexadecimal digits that change whenever the built database would."""
    digest = hashlib.sha256(f"{version('trytond')} {datetime.now(UTC).year} {recipe.modules}".encode())
    for source in (CATALOGUE_FILE, *recipe.sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def _build_file_entry(entry: Path, scratch: Path, recipe: Recipe) -> None:
    """Build beside the entry and move it into place as one compact file, without Tryton's write-ahead log."""
    raw, compact = scratch / f"raw{SUFFIX}", scratch / f"compact{SUFFIX}"
    raw.touch()
    _fill(Target.of_file(raw), recipe)
    with closing(sqlite3.connect(raw)) as connection:
        connection.execute("VACUUM INTO ?", (str(compact),))
    os.replace(compact, entry)


def _fill(target: Target, recipe: Recipe) -> None:
    """Activate the modules in an empty database and seed it; once per process, since Tryton's settings are global."""
    target.configure()
    pool = activate(target.name, recipe.modules)
    recipe.seed(pool, target.name, load_catalogue())


@contextmanager
def _entry(cache: Path, ending: str, recipe: Recipe) -> Iterator[tuple[Path, Path]]:
    """The cache entry, one process at a time, and a folder to prepare it in. The lock ends with the process."""
    cache.mkdir(parents=True, exist_ok=True)
    entry = cache / f"{recipe.name}-{fingerprint(recipe)}{ending}"
    with Path(f"{entry}.lock").open("w") as lock, TemporaryDirectory(dir=cache) as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield entry, Path(scratch)
