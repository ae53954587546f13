"""The stock policies as people edit them: a TOML file that is taken in again when it changes.

A broken edit does not stop the house: what held before goes on holding, and every run says what is wrong.
"""

import hashlib
from pathlib import Path

from canonical.errors import MisconfiguredError
from canonical.rules.policies import Policies, read_policies


class PolicyFile:
    """The policies of one file. Without the file nothing is kept back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: int | None = None
        self.policies = Policies()
        self.fingerprint = ""
        self.problem: str | None = None

    def renew(self) -> str | None:
        """Take in what changed. Returns what is wrong with the file, None when nothing is."""
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp == self._seen:
                return self.problem
            text = self._path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return self.problem
        except (OSError, UnicodeDecodeError) as error:
            return f"{self._path.name} cannot be read ({type(error).__name__}); what held before goes on holding"
        self._seen = stamp
        try:
            self.policies = read_policies(text, self._path.name)
        except MisconfiguredError as error:
            self.problem = str(error)
            return self.problem
        self.problem, self.fingerprint = None, hashlib.sha256(text.encode()).hexdigest()[:16]
        return None
