"""Tracking numbers as carriers print them, with right check digits.

UPS          1Z, 15 letters and digits, one digit: letters count (code - 63) mod 10, every second one twice, mod 10
FedEx        12 digits: weights 3, 1, 7 over the first eleven, mod 11, ten is nought
USPS         22 digits, beginning with 94: every second one, from the last, three times, mod 10
DHL Express  10 digits: the first nine mod 7
"""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random

CARRIERS = ("UPS", "FedEx", "USPS", "DHL Express")


class Labels:
    """Prints numbers; none twice, and the same ones for the same seed."""

    def __init__(self, seed: int | str = 0) -> None:
        self._random = Random(f"labels:{seed}")
        self._printed: set[str] = set()

    def number(self, carrier: str) -> str:
        """A new number of a carrier. Raises `KeyError` for a carrier that prints none here."""
        while (made := _PRINTERS[carrier](self._random)) in self._printed:
            continue
        self._printed.add(made)
        return made


def ups(random: Random) -> str:
    """A number of UPS.

    >>> _ups_check("999AA1012345678")
    4
    """
    body = "".join(random.choices(string.digits + string.ascii_uppercase, k=6)) + _digits(random, 9)
    return f"1Z{body}{_ups_check(body)}"


def _ups_check(body: str) -> int:
    values = [int(one) if one.isdigit() else (ord(one) - 63) % 10 for one in body]
    return -sum(value * (2 if place % 2 else 1) for place, value in enumerate(values)) % 10


def fedex(random: Random) -> str:
    """A number of FedEx.

    >>> _fedex_check("98657878885")
    5
    """
    body = _digits(random, 11)
    return f"{body}{_fedex_check(body)}"


def _fedex_check(body: str) -> int:
    return sum(int(one) * (3, 1, 7)[place % 3] for place, one in enumerate(body)) % 11 % 10


def usps(random: Random) -> str:
    """A number of USPS.

    >>> _usps_check("940011120255584233266")
    9
    """
    body = "94" + _digits(random, 19)
    return f"{body}{_usps_check(body)}"


def _usps_check(body: str) -> int:
    return -sum(int(one) * (1 if place % 2 else 3) for place, one in enumerate(reversed(body))) % 10


def dhl(random: Random) -> str:
    """A number of DHL Express.

    >>> int("331881002") % 7
    5
    """
    body = _digits(random, 9)
    return f"{body}{int(body) % 7}"


def _digits(random: Random, count: int) -> str:
    return str(random.randint(1, 9)) + "".join(random.choices(string.digits, k=count - 1))


_PRINTERS: dict[str, Callable[[Random], str]] = {"UPS": ups, "FedEx": fedex, "USPS": usps, "DHL Express": dhl}
