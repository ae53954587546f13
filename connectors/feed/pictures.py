"""Pictures that lie beside a feed's files, on the same store: `canonical.ports.products.Pictures`.

Only what lies in the feed's own folder is read: a line of a feed must not be able to publish another file of this
machine or of the store.
"""

import asyncio
import posixpath
from typing import Any, Final

from canonical.errors import MisconfiguredError, RejectedError, RetryableError
from connectors.feed.settings import FeedSettings

LARGEST: Final = 20_000_000
"""Bytes; Shopify takes no larger picture."""


class FeedPictures:
    """Reads pictures by a path below the feed's folder, or by its whole address; opened at the first use."""

    def __init__(self, system: str, settings: FeedSettings) -> None:
        self._system, self._settings = system, settings
        self._opened: tuple[Any, str] | None = None

    async def picture(self, url: str) -> bytes:
        """See the port. Raises `RejectedError` naming the address, `RetryableError` when the store does not answer."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._read, url), self._settings.timeout)
        except (RejectedError, RetryableError):
            raise
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            raise _refused(url, "it is not there, or may not be read") from error
        except Exception as error:  # each file system raises what its library raises
            kind = type(error).__name__
            raise RetryableError(f"feed {self._system} cannot be reached ({kind})", code="unreachable") from error

    def _read(self, url: str) -> bytes:
        system, folder = self._open()
        path = self._path(system, folder, url)
        if int(system.info(path)["size"] or 0) > LARGEST:
            raise _refused(url, f"it is larger than {LARGEST // 1_000_000} MB")
        content: bytes = system.cat_file(path)
        return content

    def _open(self) -> tuple[Any, str]:
        """The store and the feed's folder."""
        if self._opened is None:
            from fsspec.core import url_to_fs  # type: ignore[import-untyped]

            system, path = url_to_fs(self._settings.url, **self._settings.storage_options())
            folder = path if "*" not in path and system.isdir(path) else posixpath.dirname(path)
            self._opened = system, posixpath.normpath(folder)
        return self._opened

    def _path(self, system: Any, folder: str, url: str) -> str:
        scheme, known, _ = url.partition("://")
        protocols = (system.protocol,) if isinstance(system.protocol, str) else tuple(system.protocol)
        if known and scheme not in protocols:
            raise _refused(url, f"it is not on the store of feed {self._system}")
        path = str(system._strip_protocol(url)) if known else url
        if not path.startswith("/") and not path.startswith(f"{folder}/"):
            path = posixpath.join(folder, path)
        path = posixpath.normpath(path)
        if not path.startswith(f"{folder}/"):
            raise _refused(url, f"it is outside the folder of feed {self._system}")
        return path


def open_pictures(system: str, url: str | None) -> FeedPictures | None:
    """The pictures of a feed; None while it is not set up: then nothing is synced, and opening the feed says why."""
    try:
        return FeedPictures(system, FeedSettings.load(system, url=url))
    except MisconfiguredError:
        return None


def _refused(url: str, words: str) -> RejectedError:
    return RejectedError(
        f"{url}: {words}",
        code="image_unreachable",
        field="images",
        way_out="Put the picture into the folder of the feed, or name its address on the web.",
    )
