"""Fills a shop with what the catalogue says: locations, products with stock, customers, companies."""

from deployments.sandbox.catalogue import Address, Catalogue, Company, Customer, Location, Product, Shop, load_catalogue
from deployments.sandbox.shopify.domains.addresses import COUNTRIES
from deployments.sandbox.shopify.records import Record, gid, reference
from deployments.sandbox.shopify.state import State
from deployments.sandbox.shopify.stock import open_level

PLAN_NAMES = {"standard": "Basic", "advanced": "Advanced", "plus": "Shopify Plus"}


def open_shop(state: State, domain: str, plan: str, *, seeded: bool) -> None:
    """Open a shop; one the catalogue knows is filled from it, another stays empty."""
    catalogue = load_catalogue()
    shop = next((one for one in catalogue.shops if one.domain == domain), None)
    names = {"displayName": PLAN_NAMES[plan], "publicDisplayName": PLAN_NAMES[plan], "shopifyPlus": plan == "plus"}
    plan_record = {**names, "partnerDevelopment": False}
    if shop is None or not seeded:
        state.add_shop(domain, {"plan": plan_record})
        return
    state.add_shop(domain, {"plan": plan_record, **_shop(shop)})
    locations = {one.code: _location(state, shop, one) for one in catalogue.locations_of(shop.code)}
    items = {sku: item for one in catalogue.products for sku, item in _product(state, shop, one).items()}
    _stock(state, shop, catalogue, locations, items)
    people = {one.code: _customer(state, shop, one) for one in catalogue.customers_of(shop.code)}
    for company in catalogue.companies_of(shop.code):
        _company(state, shop, company, people[company.contact])
    state.add(domain, "Publication", {"name": "Online Store"}, topics=())
    for kind in dict.fromkeys(product.type for product in catalogue.products):
        _collection(state, domain, kind)
    german = {"locale": "de", "name": "German", "primary": False, "published": True}
    state.add(domain, "ShopLocale", {"id": gid("ShopLocale", "de"), **german}, topics=())


def _collection(state: State, domain: str, title: str) -> None:
    """A collection that products are put into by hand: one for each type, empty."""
    start = {"descriptionHtml": "", "description": "", "sortOrder": "BEST_SELLING", "templateSuffix": None}
    fields: Record = {**start, "publishedTo": [], "title": title, "handle": title.lower().replace(" ", "-")}
    state.add(domain, "Collection", fields, topics=())


def _shop(shop: Shop) -> Record:
    return {
        "name": shop.name,
        "currencyCode": shop.currency,
        "taxesIncluded": shop.taxes_included,
        "ianaTimezone": shop.timezone,
        "enabledPresentmentCurrencies": [shop.currency, *shop.presentment_rates],
        "firstOrderNumber": shop.first_order_number,
        "billingAddress": {"company": shop.legal_name, "countryCodeV2": shop.country},
    }


def _address(address: Address) -> Record:
    return {
        "address1": address.address1,
        "address2": None,
        "city": address.city,
        "zip": address.zip,
        "country": COUNTRIES.get(address.country_code, address.country_code),
        "countryCode": address.country_code,
        "province": address.province,
        "provinceCode": address.province_code,
    }


def _mailing(state: State, domain: str, address: Address, **names: str | None) -> Record:
    number = state.space(domain).number()
    fields = _address(address)
    return {"id": gid("MailingAddress", number), **fields, "countryCodeV2": address.country_code, **names}


def _location(state: State, shop: Shop, one: Location) -> Record:
    return state.add(
        shop.domain,
        "Location",
        {"name": one.name, "address": _address(one.address), "fulfillsOnlineOrders": one.kind == "dc"},
        topics=(),
    )


def _product(state: State, shop: Shop, product: Product) -> dict[str, Record]:
    """Keep a product with its variants; the inventory items by SKU."""
    domain = shop.domain
    kept = state.add(
        domain,
        "Product",
        {
            "title": product.title,
            "handle": product.handle,
            "vendor": product.vendor,
            "productType": product.type,
            "isGiftCard": product.gift_card,
            "tracksInventory": product.tracked,
            "options": [
                _option(state, domain, name, place, product) for place, name in enumerate(product.options or ("Title",))
            ],
        },
        topics=(),
    )
    pairs = [_variant(state, shop, product, kept, place) for place in range(len(product.variants))]
    variants = [reference(variant) for variant, _ in pairs]
    state.update(domain, kept["id"], {"variants": variants, "hasOnlyDefaultVariant": not product.options}, topics=())
    return {str(variant["sku"]): item for variant, item in pairs}


def _option(state: State, domain: str, name: str, place: int, product: Product) -> Record:
    number = state.space(domain).number
    values = dict.fromkeys(one.options[place] if one.options else "Default Title" for one in product.variants)
    rows = [{"id": gid("ProductOptionValue", number()), "name": value} for value in values]
    return {"id": gid("ProductOption", number()), "name": name, "position": place + 1, "optionValues": rows}


def _variant(state: State, shop: Shop, product: Product, kept: Record, place: int) -> tuple[Record, Record]:
    domain, variant = shop.domain, product.variants[place]
    number = state.space(domain).number
    variant_id, item_id = gid("ProductVariant", number()), gid("InventoryItem", number())
    item = {
        "id": item_id,
        "sku": variant.sku,
        "tracked": product.tracked,
        "requiresShipping": product.requires_shipping,
        "harmonizedSystemCode": product.hs_code,
        "countryCodeOfOrigin": product.origin,
        "variant": {"id": variant_id},
        "measurement": {"id": f"{item_id}/measurement", "weight": {"unit": "GRAMS", "value": float(variant.grams)}},
    }
    names = product.options or ("Title",)
    record = {
        "id": variant_id,
        "sku": variant.sku,
        "title": variant.title,
        "barcode": variant.gtin,
        "price": str(variant.prices[shop.currency]),
        "taxable": product.tax_category != "none",
        "position": place + 1,
        "product": reference(kept),
        "inventoryItem": {"id": item_id},
        "selectedOptions": [
            {"name": name, "value": value}
            for name, value in zip(names, variant.options or ("Default Title",), strict=True)
        ],
    }
    return state.add(domain, "ProductVariant", record, topics=()), state.add(domain, "InventoryItem", item, topics=())


def _stock(
    state: State, shop: Shop, catalogue: Catalogue, locations: dict[str, Record], items: dict[str, Record]
) -> None:
    for line in catalogue.stock_lines:
        if line.shop == shop.code:
            item, place = items[line.sku]["id"], locations[line.location]["id"]
            open_level(state, shop.domain, item, place, line.quantity, topics=())


def _customer(state: State, shop: Shop, one: Customer) -> Record:
    names = {"firstName": one.first_name, "lastName": one.last_name, "phone": one.phone, "company": None}
    address = _mailing(state, shop.domain, one.address, **names)
    record = {
        "firstName": one.first_name,
        "lastName": one.last_name,
        "defaultEmailAddress": {
            "emailAddress": one.email,
            "marketingState": "NOT_SUBSCRIBED",
            "marketingOptInLevel": None,
            "marketingUpdatedAt": None,
            "validFormat": True,
        },
        "defaultPhoneNumber": {"phoneNumber": one.phone, "marketingState": "NOT_SUBSCRIBED"} if one.phone else None,
        "addressesV2": [address],
        "defaultAddress": address,
    }
    return state.add(shop.domain, "Customer", record, topics=())


def _company(state: State, shop: Shop, company: Company, contact: Record) -> None:
    domain = shop.domain
    number = state.space(domain).number
    contact_id = gid("CompanyContact", number())
    kept = state.add(
        domain,
        "Company",
        {"name": company.name, "externalId": company.code, "mainContact": {"id": contact_id}, "locations": []},
        topics=(),
    )
    person = {"id": contact_id, "company": reference(kept), "customer": reference(contact), "isMainContact": True}
    state.add(domain, "CompanyContact", person, topics=())
    branches = []
    for branch in company.locations:
        address = _address(branch.address)
        record = {
            "name": branch.name,
            "externalId": branch.code,
            "company": reference(kept),
            "shippingAddress": {"id": gid("CompanyAddress", number()), **address},
            "taxSettings": {"taxRegistrationId": company.tax_number, "taxExempt": company.tax_exempt},
            "buyerExperienceConfiguration": {"paymentTermsTemplate": _terms(company.payment_terms_days)},
        }
        branches.append(reference(state.add(domain, "CompanyLocation", record, topics=())))
    state.update(domain, kept["id"], {"locations": branches}, topics=())


def _terms(days: int) -> Record:
    name = f"Net {days}"
    return {"id": gid("PaymentTermsTemplate", days), "name": name, "dueInDays": days, "paymentTermsType": "NET"}
