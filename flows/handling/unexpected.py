"""A bug met by one document must not stop its neighbours: it becomes that document's own rejection, and is logged."""

import logging

from canonical.errors import CrossdockError, RejectedError

log = logging.getLogger("crossdock.flows")


def contained(error: Exception, document: str) -> CrossdockError:
    """The error itself when it is one of ours; any other becomes a `RejectedError` that names its type, not its text.

    The text may hold customer data, so only the log of the process has the traceback.
    """
    if isinstance(error, CrossdockError):
        return error
    log.error("Unexpected %s while handling %s", type(error).__name__, document, exc_info=error)
    return RejectedError(
        f"an unexpected {type(error).__name__} stopped this document",
        code="unexpected",
        document=document,
        way_out="This is a defect of Crossdock: report it with the trace, then replay the document.",
    )
