"""Folders in which files are exchanged with another system, by fsspec: a local folder, SFTP, anything that renames.

    write     whole or not at all: under another name first, then renamed
    claim     by renaming into a folder of ours: of two workers one gets it, and nobody reads a file that is claimed
    move      a rename; false when the file is gone, which means that somebody was there before

Every call runs beside the event loop, one at a time. Renames stay within the root, so they are atomic.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar
from uuid import uuid4

from pydantic import SecretStr

from canonical.errors import CrossdockError, MisconfiguredError, RetryableError
from canonical.outcomes import Failed, Outcome

T = TypeVar("T")
_UNFINISHED: Final = (".part", ".tmp", ".filepart")
_WRONG_PLACE: Final = (NotADirectoryError, PermissionError, ImportError, ValueError)


@dataclass(frozen=True, slots=True)
class DropSettings:
    """Where the folders lie. `options` are what fsspec needs besides: user name, password, host_key_policy."""

    system: str
    url: str
    options: dict[str, SecretStr] = field(default_factory=dict)
    timeout: float = 60.0


class FileDrop:
    """The folders below one root."""

    def __init__(self, settings: DropSettings) -> None:
        self._settings = settings
        self._opened: tuple[Any, str] | None = None
        self._turn = asyncio.Lock()
        self._made: set[str] = set()

    async def names(self, folder: str, pattern: str = "*") -> list[str]:
        """The finished files of a folder that match, by name; a folder that is not there is empty."""

        def look() -> list[str]:
            system, root = self._open()
            system.invalidate_cache()
            try:
                entries = system.ls(f"{root}/{folder}", detail=True)
            except FileNotFoundError:
                return []
            names = [entry["name"].rpartition("/")[2] for entry in entries if entry["type"] == "file"]
            return sorted(n for n in names if fnmatchcase(n, pattern) and not n.endswith(_UNFINISHED))

        return await self._beside(look)

    async def read(self, folder: str, name: str) -> bytes | None:
        """The content of a file; None when it is not there."""

        def content() -> bytes | None:
            system, root = self._open()
            try:
                data: bytes = system.cat_file(f"{root}/{folder}/{name}")
            except FileNotFoundError:
                return None
            return data

        return await self._beside(content)

    async def write(self, folder: str, name: str, content: bytes) -> None:
        """A whole file, replacing one of that name."""

        def put() -> None:
            system, root = self._open()
            self._make(folder)
            scratch = f"{root}/{folder}/{name}.{uuid4().hex}.part"
            system.pipe_file(scratch, content)
            system.mv(scratch, f"{root}/{folder}/{name}")

        await self._beside(put)

    async def move(self, folder: str, name: str, to_folder: str, to_name: str | None = None) -> bool:
        """Rename; false when it is not there any more."""

        def rename() -> bool:
            system, root = self._open()
            self._make(to_folder)
            source = f"{root}/{folder}/{name}"
            try:
                system.mv(source, f"{root}/{to_folder}/{to_name or name}")
            except FileNotFoundError:
                if system.exists(source):  # then it is the target's folder that is gone
                    raise
                return False
            return True

        return await self._beside(rename)

    async def check(self, folders: Sequence[str]) -> None:
        """See that the folders can be had. Raises `MisconfiguredError` or `RetryableError`."""

        def make() -> None:
            for folder in folders:
                self._make(folder)

        await self._beside(make)

    async def aclose(self) -> None:
        """Close the connection, where there is one."""
        opened, self._opened = self._opened, None
        client = getattr(opened[0], "client", None) if opened else None
        if client is not None:
            await asyncio.to_thread(client.close)

    def _make(self, folder: str) -> None:
        if folder not in self._made:
            system, root = self._open()
            system.makedirs(f"{root}/{folder}", exist_ok=True)
            self._made.add(folder)

    def _open(self) -> tuple[Any, str]:
        if self._opened is None:
            from fsspec.core import url_to_fs  # type: ignore[import-untyped]

            options = {name: secret.get_secret_value() for name, secret in self._settings.options.items()}
            system, path = url_to_fs(self._settings.url, skip_instance_cache=True, **options)
            self._opened = (system, path.rstrip("/"))
        return self._opened

    async def _beside(self, work: Callable[[], T]) -> T:
        async with self._turn:
            try:
                return await asyncio.wait_for(asyncio.to_thread(work), self._settings.timeout)
            except CrossdockError:
                raise
            except Exception as error:  # each file system raises what its library raises
                raise self._failed(error) from error

    def _failed(self, error: Exception) -> CrossdockError:
        """Our error. The words name the kind only: addresses of stores may hold a password."""
        kind, system = type(error).__name__, self._settings.system
        if isinstance(error, _WRONG_PLACE) or "Authentication" in kind:
            return MisconfiguredError(
                f"the folders of {system} cannot be used ({kind})",
                code="folder_unusable",
                document=system,
                way_out="Check the address, the options and the permissions; sftp:// needs paramiko.",
            )
        self._opened = None  # a broken connection is opened anew
        self._made.clear()
        return RetryableError(
            f"the folders of {system} cannot be reached ({kind})", code="unreachable", maybe_applied=True
        )


async def outcome_of(work: Awaitable[Outcome[T]]) -> Outcome[T]:
    """The outcome of one document; its own error is one. Raises `MisconfiguredError`: then nobody can pass."""
    try:
        return await work
    except MisconfiguredError:
        raise
    except CrossdockError as error:
        return Failed(error)
