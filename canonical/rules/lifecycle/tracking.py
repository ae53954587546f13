"""Whether a tracking number can be shown to a shopper: the carrier is known, its format and check digit hold.

Sources: UPS 1Z (mod 10 over letters as digits), FedEx Express 12 digits (3-1-7, mod 11) and Ground 15 digits (mod 10),
USPS IMpb 20, 22 and 26 digits (mod 10), UPU S10 for all posts (mod 11), DHL Express waybills of 10 digits (mod 7),
SSCC-18 in 20 digits (mod 10), DPD's letter after 14 digits (ISO 7064 mod 37,36). Where a carrier publishes no check
digit, the format alone is looked at.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final

from canonical.fulfillment import Parcel

_SEPARATORS: Final = re.compile(r"[\s.-]+")
_LETTERS_AND_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def normal_number(number: str) -> str:
    """A number without the blanks, dots and dashes that people write into it.

    >>> normal_number("1z 999 aa1-01")
    '1Z999AA101'
    """
    return _SEPARATORS.sub("", number).upper()


def tracking_mark(parcel: Parcel) -> str:
    """What the shopper sees of a parcel's tracking, to tell whether it changed. Empty without a number."""
    if not parcel.tracking_number:
        return ""
    return "|".join((parcel.carrier or "", parcel.tracking_number, parcel.tracking_url or ""))


def tracking_problem(parcel: Parcel, others: Collection[str] = ()) -> str | None:
    """Why the number cannot be shown, in words; None when it can, or when there is none.

    `others` are the numbers of the order's other parcels.

    >>> tracking_problem(Parcel(id="1", carrier="UPS", tracking_number="1Z999AA10123456784", lines=()))
    >>> tracking_problem(Parcel(id="1", carrier="UPS", tracking_number="1Z999AA10123456785", lines=()))
    'UPS number 1Z999AA10123456785 has a wrong check digit'
    """
    if not parcel.tracking_number:
        return None
    number, carrier = normal_number(parcel.tracking_number), (parcel.carrier or "").strip()
    if not carrier:
        return f"number {number} names no carrier"
    if number in {normal_number(other) for other in others}:
        return f"{carrier} number {number} is on another parcel of this order"
    checks = _CARRIERS.get(re.sub(r"[^a-z0-9]", "", carrier.lower()))
    if checks is None:
        return None if parcel.tracking_url else f"carrier {carrier} of number {number} is not known"
    answers = [check(number) for check in checks]
    if any(answers):
        return None
    wrong = "has a wrong check digit" if False in answers else f"is no number of {carrier}"
    return f"{carrier} number {number} {wrong}"


def _formed(pattern: str, check: Callable[[str], bool] = lambda number: True) -> Callable[[str], bool | None]:
    """None: not of this form. Else whether the check digit holds."""
    form = re.compile(pattern)

    def answer(number: str) -> bool | None:
        return check(number) if form.fullmatch(number) else None

    return answer


def _ups(number: str) -> bool:
    digits = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in number[2:17]]
    return (-sum(d * (2 if place % 2 else 1) for place, d in enumerate(digits))) % 10 == int(number[17])


def _fedex_express(number: str) -> bool:
    weighted = sum(int(c) * (3, 1, 7)[place % 3] for place, c in enumerate(number[:11]))
    return weighted % 11 % 10 == int(number[11])


def _mod_ten(number: str) -> bool:
    """Weights 3 and 1 from the right, as in GS1 codes."""
    weighted = sum(int(c) * (1 if place % 2 else 3) for place, c in enumerate(reversed(number[:-1])))
    return -weighted % 10 == int(number[-1])


def _impb(number: str) -> bool:
    """A label may begin with 420 and the postcode, which is no part of the number."""
    return _mod_ten(number[8:] if number.startswith("420") and len(number) == 30 else number)


def _s10(number: str) -> bool:
    weighted = sum(int(c) * weight for c, weight in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = 11 - weighted % 11
    return {10: 0, 11: 5}.get(check, check) == int(number[10])


def _dhl_express(number: str) -> bool:
    return int(number[:9]) % 7 == int(number[9])


def _dpd(number: str) -> bool:
    """ISO 7064 mod 37,36."""
    product = 36
    for character in number[:14]:
        total = (product + _LETTERS_AND_DIGITS.index(character)) % 36 or 36
        product = total * 2 % 37
    return _LETTERS_AND_DIGITS[(37 - product) % 36] == number[14]


_POST: Final = _formed(r"[A-Z]{2}\d{9}[A-Z]{2}", _s10)
_SSCC: Final = _formed(r"00\d{18}", _mod_ten)
_UPS: Final = (
    _formed(r"1Z[0-9A-Z]{15}\d", _ups),
    _formed(r"T\d{10}"),
    _formed(r"\d{9}"),
    _formed(r"9\d{21}", _impb),
    _formed(r"9\d{25}", _impb),
)
_FEDEX: Final = (
    _formed(r"\d{12}", _fedex_express),
    _formed(r"\d{15}", _mod_ten),
    _formed(r"96\d{20}"),
    _formed(r"9[2-5]\d{20}", _impb),
    _formed(r"\d{20}"),
    _formed(r"\d{34}"),
)
_USPS: Final = (_formed(r"\d{20}", _impb), _formed(r"9\d{21}|9\d{25}|420\d{27}", _impb), _POST)
_DHL: Final = (
    _formed(r"\d{10}", _dhl_express),
    _SSCC,
    _formed(r"\d{12}"),
    _formed(r"(JJD|JVGL|JD|GM|LX|RX|3S|CN)[0-9A-Z]{8,35}"),
    _formed(r"9[2-5]\d{20}", _impb),
    _POST,
)
_GLS: Final = (_formed(r"\d{11,12}"), _formed(r"[0-9A-Z]{8}"), _formed(r"\d{14,20}"))
_DPD: Final = (_formed(r"\d{14}"), _formed(r"\d{14}[0-9A-Z]", _dpd), _formed(r"\d{10}"))
_CANADA: Final = (_formed(r"\d{16}", _mod_ten), _formed(r"\d{12,13}"), _POST)
_ROYAL: Final = (_POST, _formed(r"[0-9A-Z]{16}"), _formed(r"\d{14,21}"))
_NATIONAL: Final = (_POST, _SSCC, _formed(r"(?![A-Z]{2}\d{9}[A-Z]{2}$)(?!00\d{18}$)[0-9A-Z]{10,34}"))

_CARRIERS: Final[Mapping[str, tuple[Callable[[str], bool | None], ...]]] = {
    **dict.fromkeys(("ups", "upsground", "upsmailinnovations", "unitedparcelservice"), _UPS),
    **dict.fromkeys(("fedex", "fedexground", "fedexexpress", "federalexpress"), _FEDEX),
    **dict.fromkeys(("usps", "uspostalservice", "unitedstatespostalservice"), _USPS),
    **dict.fromkeys(("dhl", "dhlexpress", "dhlecommerce", "dhlpaket", "dhlparcel", "dhlgermany", "deutschepost"), _DHL),
    **dict.fromkeys(("gls", "glsgermany", "glsus", "glseurope"), _GLS),
    **dict.fromkeys(("dpd", "dpdgermany", "dpduk", "dpdlocal"), _DPD),
    **dict.fromkeys(("canadapost", "postescanada"), _CANADA),
    **dict.fromkeys(("royalmail", "parcelforce"), _ROYAL),
    **dict.fromkeys(
        (
            "postnl", "laposte", "colissimo", "chronopost", "bpost", "correos", "posteitaliane", "posteitalia",
            "postnord", "posti", "swisspost", "schweizerischepost", "austrianpost", "sterreichischepost", "anpost",
            "australiapost", "newzealandpost", "japanpost", "chinapost", "singaporepost", "hermes", "evri", "tnt",
            "ontrac", "purolator", "inpost", "bring", "seur", "mrw", "yodel", "yamato", "sagawa", "aramex",
        ),
        _NATIONAL,
    ),
}  # fmt: skip
