"""The landscape: sound as shipped, and everything wrong with a bad one is told at once."""

from pathlib import Path

import pytest

from canonical.errors import MisconfiguredError
from canonical.landscape import Domain, Landscape, read_landscape
from deployments.landscape_loader import LANDSCAPE_FILE, ORDERS_LANDSCAPE_FILE, load_landscape

SOUND = ORDERS_LANDSCAPE_FILE.read_text()
SOUND_WITHOUT_PIM = SOUND.partition("# --- PIM")[0]


def problems_of(text: str) -> list[str]:
    """The sentences a text is refused with."""
    with pytest.raises(MisconfiguredError) as caught:
        read_landscape(text)
    return caught.value.words.splitlines()


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return load_landscape()


def test_the_shipped_landscape_books_two_shops_into_two_companies(landscape: Landscape) -> None:
    assert {shop.name: (shop.currency, shop.company) for shop in landscape.shops} == {
        "north": ("USD", "north"),
        "south": ("EUR", "south"),
    }
    assert [shop.name for shop in landscape.shops_of("south")] == ["south"]
    assert landscape.company_of("south").warehouse == "DC-EU"


def test_the_lambda_variant_differs_in_the_erp_only(landscape: Landscape) -> None:
    variant = load_landscape(LANDSCAPE_FILE.with_name("landscape.lambda.toml"))
    companies = tuple(company.model_copy(update={"reference": None}) for company in variant.companies)
    assert variant.system("erp").kind == "lambda_erp"
    assert landscape.system("erp").kind == "tryton"
    assert (variant.shops, companies, variant.ownership) == (
        landscape.shops,
        landscape.companies,
        landscape.ownership,
    )


def test_a_shop_is_found_by_its_domain_whatever_the_case(landscape: Landscape) -> None:
    found = landscape.shop_at("North.MyShopify.com")
    assert found is not None
    assert found.name == "north"
    assert landscape.shop_at("elsewhere.myshopify.com") is None


def test_every_domain_has_an_owner_for_every_shop(landscape: Landscape) -> None:
    owners = {domain: landscape.owner(domain, "north").name for domain in Domain}
    assert owners[Domain.ORDERS] == "shopify"
    assert owners[Domain.INVENTORY] == "erp"


def test_the_entry_of_a_shop_goes_before_that_for_every_shop() -> None:
    text = SOUND + '\n[[ownership]]\ndomain = "inventory"\nowner = "shopify"\nshop = "south"\n'
    landscape = read_landscape(text)
    assert landscape.owner(Domain.INVENTORY, "south").name == "shopify"
    assert landscape.owner(Domain.INVENTORY, "north").name == "erp"


def test_an_unknown_shop_is_named_with_those_there_are(landscape: Landscape) -> None:
    with pytest.raises(MisconfiguredError, match="no shop west; it has north, south"):
        landscape.shop("west")


def test_all_problems_are_told_at_once() -> None:
    text = """
    [[systems]]
    name = "shopify"
    kind = "shopify"
    role = "channel"
    [[companies]]
    name = "north"
    system = "sap"
    currency = "USD"
    warehouse = "W1"
    [[companies]]
    name = "west"
    system = "shopify"
    currency = "USD"
    warehouse = "W1"
    [[shops]]
    name = "north"
    domain = "one.example.com"
    channel = "shopify"
    currency = "EUR"
    company = "north"
    [[shops]]
    name = "south"
    domain = "ONE.example.com"
    channel = "till"
    currency = "EUR"
    company = "south"
    [[ownership]]
    domain = "orders"
    owner = "shopify"
    [[ownership]]
    domain = "orders"
    owner = "sap"
    """
    found = problems_of(text)
    assert "company north: system sap is not declared" in found
    assert "company west: system shopify is no ERP but a channel" in found
    assert "shop north: sells in EUR but company north books in USD" in found
    assert "shop south: company south is not declared" in found
    assert "shop south: channel till is not a declared system with role channel" in found
    assert "shop domain one.example.com is declared 2 times" in found
    assert "ownership of orders (every shop): owner sap is not a declared system" in found
    assert "ownership of orders (*): 2 entries (shopify, sap); there is one owner" in found
    assert "shop north: nobody owns inventory" in found


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (('company = "north"\n', ""), "shop north: company: Field required"),
        (('currency = "EUR"\nwarehouse', 'currency = "euro"\nwarehouse'), "company south: currency"),
        (('domain = "payments"', 'domain = "loyalty"'), "ownership loyalty: domain"),
        (("write_back = true", 'write_back = "yes"'), "shop north: orders.write_back"),
        (("book_authorized", "book_authorised"), "shop north: orders.book_authorised: Extra inputs"),
        (('role = "erp"', 'role = "bank"'), "system erp: role"),
        (("[[systems]]", "[[servers]]"), "unknown section servers"),
        (('owner = "erp"', 'owner = "erp"\nshop = "east"'), "shop east is not declared"),
    ],
)
def test_a_wrong_entry_is_named(change: tuple[str, str], sentence: str) -> None:
    found = problems_of(SOUND.replace(*change))
    assert any(sentence in problem for problem in found), found


def test_a_text_that_is_not_toml_says_where() -> None:
    assert "line 1" in problems_of("name = \nx = 1")[0]


def test_a_missing_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match=r"absent\.toml"):
        load_landscape(tmp_path / "absent.toml")


PIM = '\n[[systems]]\nname = "pim"\nkind = "feed"\nrole = "pim"\n'


def test_words_are_the_pims_and_prices_the_erps_as_shipped(landscape: Landscape) -> None:
    owners = landscape.field_owners("north")
    assert (owners["title"], owners["images"], owners["variants.customs_code"]) == ("pim", "pim", "pim")
    assert (owners["variants"], owners["variants.price"], owners["status"]) == ("erp", "erp", "erp")
    variant = load_landscape(LANDSCAPE_FILE.with_name("landscape.lambda.toml")).field_owners("north")
    assert {name for name, owner in owners.items() if variant[name] != owner} == {"variants"}


def test_fields_of_products_belong_to_who_is_named_for_them_and_the_rest_to_the_product_master() -> None:
    text = PIM + '[[fields]]\nowner = "pim"\nfields = ["title", "images"]\n'
    text += '[[fields]]\nowner = "shopify"\nfields = ["title"]\nshop = "south"\n'
    landscape = read_landscape(SOUND_WITHOUT_PIM + text)
    north, south = landscape.field_owners("north"), landscape.field_owners("south")
    assert (north["title"], north["images"], north["variants.price"], north["variants"]) == ("pim", "pim", "erp", "erp")
    assert (south["title"], south["images"]) == ("shopify", "pim")


def test_every_problem_with_the_ownership_of_fields_is_told_with_the_others() -> None:
    text = PIM + '[[systems]]\nname = "wms"\nkind = "x"\nrole = "wms"\n'
    text += '[[fields]]\nowner = "pim"\nfields = ["titel", "images"]\n'
    text += '[[fields]]\nowner = "wms"\nfields = ["images"]\n'
    text += '[[fields]]\nowner = "nobody"\nfields = ["tags"]\nshop = "west"\n'
    text += '[[shops]]\nname = "east"\ndomain = "e.example"\nchannel = "shopify"\ncurrency = "USD"\ncompany = "none"\n'
    assert problems_of(SOUND_WITHOUT_PIM + text) == [
        "shop east: company none is not declared",
        "fields of pim (every shop): products have no field titel; did you mean title?",
        "fields of wms (every shop): a wms cannot own fields of products",
        "fields of nobody (west): owner nobody is not a declared system",
        "fields of nobody (west): shop west is not declared",
        "field images (*): 2 owners (pim, wms); there is one owner",
    ]
