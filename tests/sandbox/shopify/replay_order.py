"""In which order the steps of a recording came: recordings name their steps, but do not number them."""

import re
from typing import Any

Step = dict[str, Any]
# Steps of one case, in the order they were taken.
_CASE = re.compile(r"/cases/(\w+)/success/(stagedUpload|run|currentAfterRun|statusPolls)")
_CASE_ORDER = ("stagedUpload", "run", "currentAfterRun", "statusPolls")
# Steps that show what a step before them did that is not recorded: (recording, step) -> what that was.
_LOST = {
    ("fulfillment-create-multi-group.json", "validMultiGroup|8979520028978"): "it was shipped",
    ("fulfillment-create-preconditions.json", "(8887507648818|8887507681586)/cancel"): "it was shipped",
    ("fulfillment-order-lifecycle.json", "afterCancel"): "the fulfillment order was cancelled",
    ("fulfillment-order-lifecycle.json", "afterSetFulfillmentDeadline"): "a deadline was set",
    ("fulfillment-order-lifecycle.json", "afterMerge"): "it was merged",
    ("fulfillment-order-lifecycle.json", "afterOpen"): "it was opened again",
    ("fulfillment-order-set-deadline-closed-not-found.json", "afterSet"): "the fulfillment order was cancelled",
    ("fulfillment-return-node-read-after-write.json", "returnReopenedNode"): "the return was opened again",
    ("return-quantity-validation.json", "upstreamCalls/[02]"): "the variant was deleted",
    ("return-reason-validation.json", "upstreamCalls/0"): "the variant was deleted",
    ("return-shipping-fee-recorded.json", "upstreamCalls/0"): "the variant was deleted",
    ("returnApprove-decline-state-preconditions.json", "upstreamCalls/[01]"): "the variant was deleted",
}
# Recordings whose step names tell nothing of their order: what came one after the other.
_SCRIPTS = {
    "fulfillment-create-multi-group.json": ("orderCreate", "(move|split)$", "setup", "upstream", "cases", "cancel"),
    "fulfillment-detail-events-lifecycle.json": (
        "orderCreate",
        "setup/fulfillmentCreate",
        "EventCreate",
        "detailRead|upstream",
        "TrackingInfoUpdate",
        "fulfillmentCancel",
    ),
    "fulfillment-order-hold-multi-line.json": ("preflight", "orderCreate", "workflow/hold", "releaseHold"),
    "fulfillment-order-hold-validation.json": (
        "setup/create",
        "hydrate",
        "firstHold",
        "notSplittable",
        "duplicateHandle",
        "secondHold",
        "additionalHolds",
        "limitReached",
        "zeroQuantity",
        "duplicateLineItems",
        "releaseHold",
    ),
    "fulfillment-order-lifecycle.json": (
        "locations",
        "/create",
        "upstream",
        "/hold$",
        "afterHold",
        "/releaseHold",
        "afterReleaseHold",
        "/move$",
        "/split$",
        "afterReroute|afterReschedule",
        "reportProgress$",
        "after",
        "validation",
    ),
    "fulfillment-return-node-read-after-write.json": (
        "orderCreate",
        "OrderHold",
        "fulfillmentOrderNodeRead",
        "ReleaseHold",
        "releasedHold",
        "setup/fulfillmentCreate",
        "fulfillmentEventCreate",
        "TrackingUpdate",
        "setup/returnableFulfillments|returnableFulfillmentNodeRead",
        "returnRequest",
        "returnApprove",
        "reverseDelivery",
        "setup/returnClose",
        "returnClosedNode",
        "returnReopen",
        "returnReopenedNode",
    ),
    "return-quantity-validation.json": ("orderCreate", "fulfillmentCreate", "orderRead", "existingReturn"),
    "return-reason-validation.json": (
        "orderCreate",
        "fulfillmentCreate",
        "orderRead",
        "setup",
        "upstream",
        "/(invalid|missing|other)",
    ),
    "return-shipping-fee-recorded.json": ("orderCreate", "fulfillmentCreate", "orderRead", "returnCreate$", "down"),
    "returnApprove-decline-state-preconditions.json": (
        "orderCreate",
        "fulfillmentCreate",
        "orderRead",
        "returnRequest$",
        "(returnApproveRequest|returnDeclineRequest)$",
        "(openCase|declinedCase|unknownIdCase)",
    ),
    "metafield-definition-lifecycle-mutations.json": ("captures", "upstream"),
    "fulfillment-order-release-hold-selective.json": (
        "setup/create",
        "hydrate",
        "firstHold",
        "secondHold",
        "releaseFirst",
        "afterRelease",
        "releaseRemaining",
    ),
}
_PHASES = (
    (re.compile(r"successfulRuns|lifecycle/run|/interaction"), 1),
    (re.compile(r"Polls/0$"), 2),
    (re.compile(r"sixthRun|missingRun"), 3),
    (re.compile(r"cleanup.*delete", re.IGNORECASE), 9),
    (re.compile(r"cleanup", re.IGNORECASE), 8),
    (re.compile(r"repeat|after|downstream|probe", re.IGNORECASE), 7),
    (re.compile(r"delete$", re.IGNORECASE), 6),
    (re.compile(r"create", re.IGNORECASE), 0),
    (re.compile(r"upstreamCalls", re.IGNORECASE), 2),
    (re.compile(r"hydrate", re.IGNORECASE), 5),
    (re.compile(r"setup|cancel$", re.IGNORECASE), 1),
)


def phase(step: Step) -> tuple[int, str, int]:
    """When a step of a recording runs, as far as its name tells."""
    if script := _SCRIPTS.get(step["source"]):
        return next((n for n, one in enumerate(script) if re.search(one, step["step"])), len(script)), "", 0
    if case := _CASE.match(step["step"]):
        return 1, case.group(1), _CASE_ORDER.index(case.group(2))
    return next((when for pattern, when in _PHASES if pattern.search(step["step"])), 4), "", 0


def lost(step: Step) -> str:
    """What happened before a step and is not recorded; empty when nothing did."""
    known = ((what, pattern) for (source, pattern), what in _LOST.items() if source == step["source"])
    return next((what for what, pattern in known if re.search(pattern, step["step"])), "")
