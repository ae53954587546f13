"""An SFTP server that can be written to: the one of the product feeds, with files, folders and renames."""

from __future__ import annotations

import os
from pathlib import Path

import paramiko

from tests.contract.product_source.sftp import SftpServer, _Folder

_MODES = {os.O_RDONLY: "rb", os.O_WRONLY: "wb", os.O_RDWR: "r+b"}


class _Shared(_Folder):
    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        mode = _MODES[flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)]
        try:
            file = self._here(path).open(mode)
        except OSError as error:
            return _code(error)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = handle.writefile = file  # type: ignore[attr-defined]
        return handle

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        return _done(lambda: self._here(path).mkdir())

    def remove(self, path: str) -> int:
        return _done(lambda: self._here(path).unlink())

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return _done(lambda: os.replace(self._here(oldpath), self._here(newpath)))


class SharedFolder(SftpServer):
    """Shows one folder, to read and write."""

    folder_kind = _Shared


def _done(work: object) -> int:
    try:
        work()  # type: ignore[operator]
    except OSError as error:
        return _code(error)
    return paramiko.SFTP_OK


def _code(error: OSError) -> int:
    return int(paramiko.SFTPServer.convert_errno(error.errno or 0))


def serve(folder: Path) -> SharedFolder:
    """A server of a folder for crossdock, who knows the password."""
    return SharedFolder(folder, "crossdock", "harbour")
