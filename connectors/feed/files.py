"""The files of a feed, by fsspec: a local folder, SFTP, an object store, memory. Every call runs beside the event loop.

What lies there now is compared by a stamp: the store's own tag of a content (etag), else size and time of change.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from canonical.errors import CrossdockError, MisconfiguredError, RetryableError
from connectors.feed.settings import FeedSettings

T = TypeVar("T")
ENDINGS: Final = (".csv", ".json", ".jsonl", ".ndjson")
_TAGS: Final = ("ETag", "etag", "md5", "checksum", "content_md5")
_TIMES: Final = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A file as it lay there: `stamp` differs when its content does."""

    path: str
    stamp: str
    changed_at: datetime | None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rstrip("/").rpartition("/")[2]


class FeedFiles:
    """What lies at the address of a feed."""

    def __init__(self, system: str, settings: FeedSettings) -> None:
        self._system, self._settings = system, settings
        self._opened: tuple[Any, str] | None = None

    async def found(self) -> list[FeedFile]:
        """The files, the longest unchanged first, so that what comes later is newer.

        Raises `RetryableError` when the store cannot be reached, `MisconfiguredError` when there is nothing.
        """
        return await self._beside(self._found)

    async def read(self, file: FeedFile) -> bytes | None:
        """The content of a file; None when it was changed while it was read: then it is read the next time."""

        def content() -> bytes | None:
            system, _ = self._open()
            data: bytes = system.cat_file(file.path)
            system.invalidate_cache()
            return data if _file(system.info(file.path)).stamp == file.stamp else None

        return await self._beside(content)

    def _found(self) -> list[FeedFile]:
        system, path = self._open()
        system.invalidate_cache()
        if "*" in path:
            entries = system.glob(path, detail=True).values()
        elif system.isdir(path):
            entries = system.ls(path, detail=True)
        else:
            entries = [system.info(path)]
        files = [_file(info) for info in entries if info["type"] == "file" and info["name"].lower().endswith(ENDINGS)]
        return sorted(files, key=lambda f: (f.changed_at or datetime.min.replace(tzinfo=UTC), f.path))

    def _open(self) -> tuple[Any, str]:
        """The file system, opened at the first use."""
        if self._opened is None:
            from fsspec.core import url_to_fs  # type: ignore[import-untyped]

            self._opened = url_to_fs(self._settings.url, **self._settings.storage_options())
        return self._opened

    async def _beside(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.wait_for(asyncio.to_thread(work), self._settings.timeout)
        except CrossdockError:
            raise
        except Exception as error:  # each file system raises what its library raises
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> CrossdockError:
        """Our error. The words name the kind only: addresses of stores may hold a password."""
        kind = type(error).__name__
        if isinstance(error, FileNotFoundError | NotADirectoryError | PermissionError | ImportError | ValueError):
            return MisconfiguredError(
                f"the files of feed {self._system} cannot be read ({kind})",
                code="feed_unreadable",
                document=self._system,
                way_out="Check the address, the options and the permissions of the feed; sftp:// needs paramiko.",
            )
        return RetryableError(f"feed {self._system} cannot be reached ({kind})", code="unreachable")


def _file(info: dict[str, Any]) -> FeedFile:
    tag = next((str(info[name]) for name in _TAGS if info.get(name)), None)
    moment = next((_moment(info[name]) for name in _TIMES if info.get(name)), None)
    return FeedFile(info["name"], tag or f"{info.get('size')}@{moment.isoformat() if moment else ''}", moment)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    try:
        return _moment(datetime.fromisoformat(str(value)))
    except ValueError:
        return None
