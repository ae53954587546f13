"""The comment on a sale: where the digest of its content is kept. It survives whatever else a clerk writes there."""

import re

_DIGEST = re.compile(r"\[content ([0-9a-f]{64})\]")


def comment_of(digest: str) -> str:
    """The comment of a new sale.

    >>> digest_in(comment_of("0" * 64)) == "0" * 64
    True
    """
    return f"Booked by Crossdock [content {digest}]"


def with_digest(comment: str, digest: str) -> str:
    """The comment of a sale whose content is another now; what else is in it stays.

    >>> digest_in(with_digest(comment_of("0" * 64) + " Call first.", "1" * 64)) == "1" * 64
    True
    """
    if digest_in(comment) is None:
        return f"{comment} [content {digest}]".strip()
    return _DIGEST.sub(f"[content {digest}]", comment, count=1)


def digest_in(comment: str) -> str | None:
    """The digest in a comment; None when somebody removed it."""
    found = _DIGEST.search(comment)
    return found.group(1) if found else None
