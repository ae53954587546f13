"""`crossdock sandbox faults`: the switches, over HTTP."""

from typing import Any

import httpx


class SandboxRefusedError(RuntimeError):
    """The stand-in did not accept the request; the message is its own."""


async def set_faults(
    base_url: str,
    *,
    duplicate: float = 0.0,
    reorder: float = 0.0,
    delay: float = 0.0,
    lose: float = 0.0,
    delay_seconds: float = 5.0,
    seed: int = 0,
) -> dict[str, Any]:
    """Set the webhook fault switches of a running stand-in; those not named are off. Raises SandboxRefusedError."""
    switches = {
        "duplicate": duplicate,
        "reorder": reorder,
        "delay": delay,
        "lose": lose,
        "delay_seconds": delay_seconds,
        "seed": seed,
    }
    async with httpx.AsyncClient(base_url=base_url, timeout=10, trust_env=False) as client:
        return answer_of(await client.put("/_sandbox/webhooks/faults", json=switches))


async def wait_idle(base_url: str, *, seconds: float = 30.0) -> bool:
    """Wait until the stand-in has no webhook to send any more; False when the time is up first."""
    async with httpx.AsyncClient(base_url=base_url, timeout=seconds + 10, trust_env=False) as client:
        answer = await client.post("/_sandbox/webhooks/wait-idle", json={"seconds": seconds})
    return answer.status_code == httpx.codes.OK


def answer_of(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer. Raises SandboxRefusedError with the stand-in's own words."""
    if answer.is_error:
        raise SandboxRefusedError(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:300]}")
    body: dict[str, Any] = answer.json()
    return body
