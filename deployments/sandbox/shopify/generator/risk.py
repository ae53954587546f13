"""The fraud analysis of an order."""

from deployments.sandbox.shopify.records import Record

_FACTS = {
    "LOW": ("Billing address matches the card's address", "POSITIVE"),
    "MEDIUM": ("The e-mail address was first seen an hour ago", "NEGATIVE"),
    "HIGH": ("Four cards were tried, three were declined", "NEGATIVE"),
}
_LEVELS = {"ACCEPT": "LOW", "INVESTIGATE": "MEDIUM", "CANCEL": "HIGH"}


def assess(recommendation: str) -> Record:
    """The risk fields of an order for a recommendation; NONE has no assessment."""
    level = _LEVELS.get(recommendation)
    assessments = []
    if level:
        description, sentiment = _FACTS[level]
        facts = [{"description": description, "sentiment": sentiment}]
        assessments = [{"riskLevel": level, "facts": facts, "provider": None}]
    return {
        "risk": {"recommendation": recommendation, "assessments": assessments},
        "riskLevel": level or "LOW",
    }
