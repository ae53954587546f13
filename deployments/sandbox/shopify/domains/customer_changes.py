"""Creating and changing customers."""

import re

from deployments.sandbox.shopify.domains import metafields
from deployments.sandbox.shopify.domains.addresses import address_of
from deployments.sandbox.shopify.domains.customers import by_identifier, email_of, orders_of, phone_of
from deployments.sandbox.shopify.errors import ShopifyError, user_error
from deployments.sandbox.shopify.records import Record, reference
from deployments.sandbox.shopify.registry import Arguments, Call, Domain

domain = Domain()
_PLAIN = ("firstName", "lastName", "note", "locale", "tags", "taxExempt", "taxExemptions")
LIMITS = {"firstName": ("First name", 255), "lastName": ("Last name", 255), "note": ("Note", 5000)}
NAMELESS = "A name, phone number, or email address must be present"
_CONSENTS = {
    "emailMarketingConsent": ("email", "An email address is required to set the email marketing consent state."),
    "smsMarketingConsent": ("phone", "A phone number is required to set the SMS consent state."),
    "whatsAppMarketingConsent": ("phone", "A phone number is required to set the WhatsApp consent state."),
}


@domain.mutation("customerCreate")
def customer_create(call: Call, arguments: Arguments) -> Record:
    """Add a customer; e-mail and phone belong to one customer only."""
    given = arguments["input"]
    errors = [user_error(["id"], "Cannot specify ID on creation")] if given.get("id") else []
    errors += _consent_faults(given) or _faults(call, given, None)
    if errors:
        return {"customer": None, "userErrors": errors}
    kept = _add(call, given)
    return {"customer": reference(kept), "userErrors": []}


@domain.mutation("customerUpdate")
def customer_update(call: Call, arguments: Arguments) -> Record:
    """Change a customer."""
    given = arguments["input"]
    known = call.find(given.get("id"))
    if known is None:
        return {"customer": None, "userErrors": [user_error(["id"], "Customer does not exist")]}
    errors = [_use_consent_mutation(name) for name in _CONSENTS if given.get(name) is not None]
    errors = errors or _faults(call, given, known)
    if errors:
        return {"customer": None, "userErrors": errors}
    _change(call, known, given)
    return {"customer": reference(known), "userErrors": []}


@domain.mutation("customerSet")
def customer_set(call: Call, arguments: Arguments) -> Record:
    """Change the customer an identifier names, or add one with it."""
    given, identifier = arguments["input"], arguments.get("identifier") or {}
    if identifier.get("customId"):
        message = "Metafield definition of type 'id' is required when using custom ids."
        raise ShopifyError(message, "NOT_FOUND")
    if identifier and given.get("id"):
        message = "The id field is not allowed if identifier is provided."
        return {"customer": None, "userErrors": [user_error(["input"], message, "ID_NOT_ALLOWED")]}
    known = by_identifier(call, identifier or {"id": given.get("id")})
    if known is None and (identifier.get("id") or given.get("id")):
        message = "Resource matching the identifier was not found."
        return {"customer": None, "userErrors": [user_error(["input"], message, "NOT_FOUND")]}
    errors = [_within_input(one) for one in _faults(call, given, known)]
    if errors:
        return {"customer": None, "userErrors": errors}
    if known is None:
        return {"customer": reference(_add(call, given)), "userErrors": []}
    _change(call, known, given)
    return {"customer": reference(known), "userErrors": []}


@domain.mutation("customerDelete")
def customer_delete(call: Call, arguments: Arguments) -> Record:
    """Remove a customer who never ordered."""
    known = call.find(arguments["input"]["id"])
    shop = reference(call.space.shop)
    if known is None:
        return {"deletedCustomerId": None, "shop": shop, "userErrors": [user_error(["id"], "Customer can't be found")]}
    if orders_of(call, known):
        message = "Customer can't be deleted because they have associated orders"
        return {"deletedCustomerId": None, "shop": shop, "userErrors": [user_error(["id"], message)]}
    call.state.remove(call.shop, known["id"])
    return {"deletedCustomerId": known["id"], "shop": shop, "userErrors": []}


def upsert(call: Call, given: Record) -> Record:
    """The customer an order is for: found by id, e-mail or phone, else added."""
    names = {name: given[name] for name in ("id", "email", "phone") if given.get(name)}
    return (by_identifier(call, names) if names else None) or _add(call, given)


def _add(call: Call, given: Record) -> Record:
    kept = call.state.add(call.shop, "Customer", _fields(call, given, {}))
    _write_metafields(call, kept, given)
    return kept


def _change(call: Call, known: Record, given: Record) -> None:
    call.state.update(call.shop, known["id"], _fields(call, given, known))
    _write_metafields(call, known, given)


def _write_metafields(call: Call, known: Record, given: Record) -> None:
    for row in given.get("metafields") or ():
        namespace = metafields.app_namespace(call, row.get("namespace"))
        metafields.write(call, {**row, "namespace": namespace, "ownerId": known["id"]})


def _fields(call: Call, given: Record, known: Record) -> Record:
    changes = {name: given[name] for name in _PLAIN if name in given}
    if "email" in given:
        changes["defaultEmailAddress"] = _email(given, known) if given["email"] else None
    if "phone" in given:
        changes["defaultPhoneNumber"] = _phone(given, known) if given["phone"] else None
    if given.get("addresses") is not None:
        changes["addressesV2"] = [address_of(call, one) for one in given["addresses"]]
        changes["defaultAddress"] = next(iter(changes["addressesV2"]), None)
    return changes


def _email(given: Record, known: Record) -> Record:
    consent = given.get("emailMarketingConsent") or {}
    before = known.get("defaultEmailAddress") or {}
    return {
        "emailAddress": given["email"],
        "marketingState": consent.get("marketingState") or before.get("marketingState", "NOT_SUBSCRIBED"),
        "marketingOptInLevel": consent.get("marketingOptInLevel") or before.get("marketingOptInLevel"),
        "marketingUpdatedAt": consent.get("consentUpdatedAt") or before.get("marketingUpdatedAt"),
        "validFormat": True,
    }


def _phone(given: Record, known: Record) -> Record:
    consent = given.get("smsMarketingConsent") or {}
    before = known.get("defaultPhoneNumber") or {}
    return {
        "phoneNumber": given["phone"],
        "marketingState": consent.get("marketingState") or before.get("marketingState", "NOT_SUBSCRIBED"),
        "marketingOptInLevel": consent.get("marketingOptInLevel") or before.get("marketingOptInLevel"),
        "marketingUpdatedAt": consent.get("consentUpdatedAt") or before.get("marketingUpdatedAt"),
        "marketingCollectedFrom": "OTHER" if consent else before.get("marketingCollectedFrom"),
    }


def _consent_faults(given: Record) -> list[Record]:
    found = []
    for name, (needed, message) in _CONSENTS.items():
        consent = given.get(name)
        if consent is None:
            continue
        if "REDACTED" in (consent.get("marketingState"), consent.get("state")):
            raise ShopifyError("Cannot specify REDACTED as a marketing state input", "INVALID")
        if not given.get(needed):
            found.append(user_error([name], message))
    return found


def _use_consent_mutation(name: str) -> Record:
    mutation = f"customer{name[0].upper()}{name[1:]}Update"
    return user_error([name], f"To update {name}, please use the {mutation} Mutation instead")


def _faults(call: Call, given: Record, known: Record | None) -> list[Record]:
    merged = {**_identity(known), **given} if known else given
    if not any(merged.get(name) for name in ("firstName", "lastName", "email", "phone")):
        return [user_error(None, NAMELESS)]
    found = []
    others = [row for row in call.all("Customer") if known is None or row["id"] != known["id"]]
    email, phone = given.get("email"), given.get("phone")
    if email and not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", email):
        found.append(user_error(["email"], "Email is invalid"))
    elif email and any((email_of(row) or "").lower() == email.lower() for row in others):
        found.append(user_error(["email"], "Email has already been taken"))
    if phone and not re.fullmatch(r"\+?[\d\s().-]{7,20}", phone):
        found.append(user_error(["phone"], "Phone is invalid"))
    elif phone and any(phone_of(row) == phone for row in others):
        found.append(user_error(["phone"], "Phone has already been taken"))
    for name, (label, longest) in LIMITS.items():
        if len(given.get(name) or "") > longest:
            found.append(user_error([name], f"{label} is too long (maximum is {longest} characters)"))
    return found


def _identity(known: Record) -> Record:
    names = {name: known.get(name) for name in ("firstName", "lastName")}
    return {**names, "email": email_of(known), "phone": phone_of(known)}


def _within_input(error: Record) -> Record:
    return {**error, "field": ["input", *(error["field"] or [])]}
