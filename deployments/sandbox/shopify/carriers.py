"""Tracking: the carriers a shop knows by name, the address each shows a parcel at, and numbers that tell their carrier.

The names are those the Admin API documents; the addresses are the carriers' own tracking pages.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote

from deployments.sandbox.shopify.records import Record

PAGES = {
    "Amazon Logistics US": "https://track.amazon.com/tracking/{}",
    "Australia Post": "https://auspost.com.au/mypost/track/details/{}",
    "Canada Post": "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={}",
    "Canpar": "https://www.canpar.com/en/tracking/track.htm?barcode={}",
    "Chronopost": "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={}",
    "Correos": "https://www.correos.es/es/en/tools/tracker/items/details?tracking-number={}",
    "DHL Express": "https://www.dhl.com/us-en/home/tracking.html?tracking-id={}",
    "DHL eCommerce": "https://webtrack.dhlecs.com/orders?trackingNumber={}",
    "DPD": "https://tracking.dpd.de/status/en_US/parcel/{}",
    "DPD UK": "https://track.dpd.co.uk/parcels/{}",
    "Deutsche Post (EN)": "https://www.deutschepost.de/en/s/sendungsverfolgung.html?piececode={}",
    "Evri": "https://www.evri.com/track/parcel/{}",
    "FedEx": "https://www.fedex.com/fedextrack/?trknbr={}",
    "GLS": "https://gls-group.eu/EU/en/parcel-tracking?match={}",
    "Japan Post (EN)": "https://trackings.post.japanpost.jp/services/srv/search/direct?locale=en&reqCodeNo1={}",
    "La Poste": "https://www.laposte.fr/outils/suivre-vos-envois?code={}",
    "OnTrac": "https://www.ontrac.com/tracking/?number={}",
    "PostNL": "https://postnl.nl/tracktrace/?B={}",
    "PostNord SE": "https://tracking.postnord.com/se/?id={}",
    "Purolator": "https://www.purolator.com/en/shipping/tracker?pin={}",
    "Royal Mail": "https://www.royalmail.com/track-your-item#/tracking-results/{}",
    "TNT": "https://www.tnt.com/express/en_us/site/tracking.html?searchType=con&cons={}",
    "UPS": "https://www.ups.com/track?loc=en_US&tracknum={}",
    "USPS": "https://tools.usps.com/go/TrackConfirmAction.action?tLabels={}",
    "Yamato (EN)": "https://toi.kuronekoyamato.co.jp/cgi-bin/tneko?number00=1&number01={}",
}
# A number that can be only one carrier's.
_TELLING = ((re.compile(r"1Z[0-9A-Z]{16}"), "UPS"), (re.compile(r"9[2-5]\d{20}"), "USPS"))


def tracking_info(given: Record | None) -> list[Record]:
    """A FulfillmentTrackingInput as a shop keeps it: a row a parcel, with an address where the carrier is known."""
    if not given:
        return []
    numbers = _all(given, "number")
    urls = [str(url) for url in _all(given, "url")]
    company = given.get("company") or _told_by(numbers)
    rows = max(len(numbers), len(urls)) or (1 if company else 0)
    return [_row(company, _at(numbers, place), _at(urls, place)) for place in range(rows)]


def _all(given: Record, name: str) -> list[str]:
    """`numbers` or `urls`, with the single one before them."""
    several = list(given.get(f"{name}s") or ())
    single = given.get(name)
    return [single, *several] if single and single not in several else several


def _at(values: Sequence[str], place: int) -> str | None:
    return values[place] if place < len(values) else None


def _row(company: str | None, number: str | None, url: str | None) -> Record:
    page = PAGES.get(company or "")
    if url is None and page is not None and number:
        url = page.format(quote(number, safe=""))
    return {"company": company, "number": number, "url": url}


def _told_by(numbers: Sequence[str]) -> str | None:
    first = numbers[0].replace(" ", "") if numbers else ""
    return next((carrier for shape, carrier in _TELLING if shape.fullmatch(first)), None)
