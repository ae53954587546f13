"""Documents under our key: created once, submitted, found again. Lambda ERP itself keeps every key unique.

    invoice, credit memo      the pair of source and reference, as with orders; the number is Lambda ERP's own
    everything else           the key is the document's name, which is its primary key

So creating comes first and looking second. A draft is what an interrupted posting left: it is submitted, or replaced
when its content is another's. The digest of the content is in the remarks.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from canonical.errors import ConflictError, HeldError, RejectedError, RetryableError
from canonical.ids import digest
from canonical.model import Model
from canonical.money import Money
from canonical.settlement import ErpDocument
from connectors.lambda_erp.client import LambdaErpClient
from connectors.lambda_erp.remarks import digest_in
from connectors.lambda_erp.settings import LambdaErpSettings

INVOICE = "sales-invoice"
NOTE = "delivery-note"
PAYMENT = "payment-entry"
ENTRY = "stock-entry"
KINDS = (NOTE, INVOICE, PAYMENT, ENTRY)
AUTHORISED = "Return authorised"
"""How the remarks of a return authorisation begin: a draft that stands as it is."""
ATTEMPTS = 3
_STATES = {0: "draft", 1: "submitted", 2: "cancelled"}


class Keeper:
    """Creates and finds the documents of one company."""

    def __init__(self, client: LambdaErpClient, settings: LambdaErpSettings) -> None:
        self._client, self._settings = client, settings

    async def place(
        self, kind: str, posting: Model, key: str, values: Mapping[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        """The document under the key, and whether this call created it. Raises `ConflictError` for other content."""
        sent = {**values, "company": self._settings.company, **self._identity(kind, key)}
        for _ in range(ATTEMPTS):
            try:
                return await self._client.write(f"documents/{kind}", sent, document=key), True
            except ConflictError:  # it stands already, or after a restart its number was given twice
                if found := await self.find(kind, key):
                    if found["docstatus"] == 0 and not self._stands(found) and not _is_of(posting, found):
                        return await self.change(kind, found, values, key), True
                    return self.same(posting, key, found), False
        raise RetryableError("its number was taken each time", code="raced", document=key)

    async def find(self, kind: str, key: str) -> dict[str, Any] | None:
        """The document under a key, whatever its state."""
        rows = await self._client.rows(
            f"documents/{kind}", include_discarded="true", fields="name", **self._identity(kind, key)
        )
        return await self._client.record(f"documents/{kind}/{quote(rows[0]['name'], safe='')}") if rows else None

    async def find_any(self, key: str) -> ErpDocument | None:
        """The document that stands under a key, whatever its kind."""
        for kind in KINDS:
            record = await self.find(kind, key)
            if record and self._stands(record):
                return told(key, record, created=False)
        return None

    async def change(self, kind: str, record: Mapping[str, Any], values: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Change a draft."""
        changed: dict[str, Any] = await self._client.change(
            f"documents/{kind}/{quote(record['name'], safe='')}", values, document=key
        )
        return changed

    async def submit(self, kind: str, record: dict[str, Any], key: str) -> dict[str, Any]:
        """Submit a draft; what is submitted already is left. Raises what Lambda ERP refuses, and discards nothing."""
        if record["docstatus"] == 1:
            return record
        try:
            submitted: dict[str, Any] = await self._client.write(
                f"documents/{kind}/{quote(record['name'], safe='')}/submit", document=key
            )
            return submitted
        except ConflictError as error:  # its state has moved on: another attempt submitted it
            found = await self.find(kind, key)
            if found is None or found["docstatus"] != 1:
                raise RetryableError("it could not be submitted yet", code="raced", document=key) from error
            return found

    def same(self, posting: Model, key: str, found: dict[str, Any]) -> dict[str, Any]:
        """What was found, when it is this posting's. Raises `ConflictError` when it is another's, or was cancelled."""
        if _is_of(posting, found) and found["docstatus"] != 2:
            return found
        raise ConflictError(
            f"document {found['name']} stands under this key with other content, or was cancelled",
            code="booked_with_other_content",
            document=key,
            way_out="Compare the document in Lambda ERP with this one; find out which is right, and correct it there.",
        )

    def _stands(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is a document: submitted, or the draft that a return authorisation is."""
        authorised = (record["remarks"] or "").startswith(AUTHORISED)
        return bool(record["docstatus"] == 1 or (authorised and record["docstatus"] == 0))

    def _identity(self, kind: str, key: str) -> dict[str, str]:
        if kind == INVOICE:
            return {"external_source": self._settings.source, "external_reference": key}
        return {"name": name_of(key)}


def name_of(key: str) -> str:
    """A key as the name of a document. A slash would end the name in a path; keys have no tilde.

    >>> name_of("north:shipment.post:5123/1")
    'north:shipment.post:5123~1'
    """
    return key.replace("/", "~")


def _is_of(posting: Model, record: Mapping[str, Any]) -> bool:
    return digest_in(record["remarks"] or "") == digest_of(posting)


def digest_of(posting: Model) -> str:
    """The digest of a posting's content."""
    return digest(posting.model_dump(mode="json"))


def remark(words: str, posting: Model) -> str:
    """What a document says of itself, with the digest of its content."""
    return f"{words} [content {digest_of(posting)}]"


def told(key: str, record: Mapping[str, Any], *, created: bool, total: Money | None = None) -> ErpDocument:
    """A record as a document."""
    return ErpDocument(
        key=key,
        external_id=record["name"],
        number=record["name"],
        state=_STATES[record["docstatus"]],
        total=total,
        created=created,
    )


def missing(key: str, sale_key: str) -> HeldError:
    """The hold of a document whose order is not booked."""
    return HeldError(
        f"there is no booked order {sale_key}",
        code="sale_missing",
        document=key,
        way_out="It goes on by itself once the order is booked.",
    )


def refused(key: str, words: str, code: str, way_out: str) -> RejectedError:
    """The refusal of a document by name."""
    return RejectedError(words, code=code, document=key, way_out=way_out)
