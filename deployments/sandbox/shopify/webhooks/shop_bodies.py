"""Bodies of app/uninstalled and shop/update: the shop as REST writes it."""

from typing import Any

from deployments.sandbox.shopify.records import Record
from deployments.sandbox.shopify.webhooks.rest import Source, number

Body = dict[str, Any]


def shop_body(record: Record, source: Source) -> Body:
    """The shop. `record` is its Shop record."""
    address = record.get("shopAddress") or record.get("billingAddress") or {}
    currency = record.get("currencyCode") or "USD"
    sign = {"USD": "$", "EUR": "€"}.get(currency, "")
    plan = record.get("plan") or {}
    formats = {
        "money_format": f"{sign}{{{{amount}}}}",
        "money_with_currency_format": f"{sign}{{{{amount}}}} {currency}",
        "money_in_emails_format": f"{sign}{{{{amount}}}}",
        "money_with_currency_in_emails_format": f"{sign}{{{{amount}}}} {currency}",
    }
    return {
        "id": number(record),
        "name": record.get("name"),
        "email": record.get("email"),
        "domain": record.get("myshopifyDomain"),
        **_address(address),
        **_currency(record, currency),
        **formats,
        **_settings(record),
        "created_at": source.time(record.get("createdAt")),
        "updated_at": source.time(record.get("updatedAt")),
        "customer_email": record.get("contactEmail") or record.get("email"),
        "iana_timezone": record.get("ianaTimezone"),
        "timezone": record.get("ianaTimezone"),
        "myshopify_domain": record.get("myshopifyDomain"),
        "plan_display_name": plan.get("publicDisplayName") or "Basic",
        "plan_name": (plan.get("publicDisplayName") or "basic").lower(),
        "shop_owner": record.get("shopOwnerName") or record.get("name"),
    }


def _address(address: Record) -> Body:
    code = address.get("countryCodeV2") or address.get("countryCode")
    return {
        **{name: address.get(name) for name in ("address1", "address2", "city", "zip", "province", "phone")},
        "country": code,
        "country_code": code,
        "country_name": address.get("country") or code,
        "province_code": address.get("provinceCode"),
        "latitude": None,
        "longitude": None,
    }


def _currency(record: Record, currency: str) -> Body:
    return {
        "currency": currency,
        "enabled_presentment_currencies": list(record.get("enabledPresentmentCurrencies") or [currency]),
        "taxes_included": bool(record.get("taxesIncluded")),
        "tax_shipping": None,
        "county_taxes": None,
        "auto_configure_tax_inclusivity": None,
    }


def _settings(record: Record) -> Body:
    return {
        "source": None,
        "primary_locale": "en",
        "weight_unit": "kg",
        "has_discounts": True,
        "has_gift_cards": True,
        "google_apps_domain": None,
        "google_apps_login_enabled": None,
        "eligible_for_payments": True,
        "requires_extra_payments_agreement": False,
        "password_enabled": False,
        "has_storefront": True,
        "finances": True,
        "primary_location_id": number(record.get("primaryLocation")),
        "checkout_api_supported": True,
        "multi_location_enabled": True,
        "setup_required": False,
        "pre_launch_enabled": False,
        "marketing_sms_consent_enabled_at_checkout": False,
        "transactional_sms_disabled": False,
    }
