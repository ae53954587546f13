"""The shop itself."""

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.state import State

domain = Domain()
# Every shop has one legal entity; orders point at it.
SETTINGS: Record = {
    "ianaTimezone": "America/New_York",
    "timezoneAbbreviation": "EST",
    "timezoneOffset": "-0500",
    "timezoneOffsetMinutes": -300,
    "taxesIncluded": False,
    "taxShipping": True,
    "unitSystem": "METRIC_SYSTEM",
    "weightUnit": "KILOGRAMS",
    "setupRequired": False,
    "orderNumberFormatPrefix": "#",
    "orderNumberFormatSuffix": "",
    "plan": {"displayName": "Basic", "publicDisplayName": "Basic", "shopifyPlus": False, "partnerDevelopment": False},
    "features": {"bundles": {"eligibleForBundles": True}, "giftCards": True, "storefront": True},
    "resourceLimits": {
        "locationLimit": 200,
        "maxProductOptions": 3,
        "maxProductVariants": 2048,
        "redirectLimitReached": False,
    },
}
HOME: Record = {"country": "United States", "countryCodeV2": "US"}
BUSINESS: Record = {"id": "gid://shopify/BusinessEntity/1", "displayName": "Main entity", "primary": True}


@domain.query("shop")
def shop(call: Call, _arguments: Arguments) -> Record:
    """The shop whose domain was asked."""
    return call.space.shop


@domain.completes("Shop")
def complete_shop(state: State, domain_name: str, record: Record) -> Record:
    """A shop that lacks nothing a client reads at start."""
    state.add(domain_name, "BusinessEntity", BUSINESS, topics=())
    currency = record.get("currencyCode", "USD")
    money_format = {"moneyFormat": "{{amount}}", "moneyWithCurrencyFormat": f"{{{{amount}}}} {currency}"}
    return {
        **_addresses(domain_name),
        **SETTINGS,
        "currencyCode": currency,
        "currencyFormats": money_format,
        "enabledPresentmentCurrencies": [currency],
        "shopAddress": {"id": "gid://shopify/ShopAddress/1", **(record.get("billingAddress") or HOME)},
        **record,
    }


def _addresses(domain_name: str) -> Record:
    name, url = domain_name.split(".")[0], f"https://{domain_name}"
    return {
        "name": name,
        "email": f"owner@{name}.example.com",
        "contactEmail": f"support@{name}.example.com",
        "shopOwnerName": "Crossdock Sandbox",
        "url": url,
        "primaryDomain": {"id": "gid://shopify/Domain/1", "host": domain_name, "url": url, "sslEnabled": True},
    }
