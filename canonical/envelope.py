"""The envelope around every event, whoever sent it."""

from canonical.model import Code, Model, Utc


class Envelope(Model):
    """What an event is about, before anyone reads its content.

    `occurred_at` is the sender's time (UTC); `key` names the aggregate it belongs to; `causation_id` is the event that
    led to this one. The raw bytes stay in the inbox under `delivery_id`.
    """

    type: Code
    occurred_at: Utc
    received_at: Utc
    correlation_id: Code
    causation_id: str | None = None
    key: Code
    source: Code
    shop: Code
    delivery_id: Code
    event_id: str | None = None
