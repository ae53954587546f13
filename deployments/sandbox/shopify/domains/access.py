"""Who asks: the app, its installation and scopes, and the API versions there are."""

from deployments.sandbox.shopify.records import Record, gid
from deployments.sandbox.shopify.registry import Arguments, Call, Domain
from deployments.sandbox.shopify.schema import SERVED_VERSIONS
from deployments.sandbox.shopify.tokens import App, with_implied

domain = Domain()


@domain.query("currentAppInstallation")
def current_app_installation(call: Call, _arguments: Arguments) -> Record:
    """The installation of the app whose token asks."""
    return {
        "id": "gid://shopify/AppInstallation/1",
        "accessScopes": [_scope(handle) for handle in sorted(call.scopes)],
        "app": app_record(call.app),
        "launchUrl": f"https://{call.shop}/admin/apps/{call.app.client_id}",
    }


@domain.query("app")
def app(call: Call, _arguments: Arguments) -> Record:
    """The app whose token asks."""
    return app_record(call.app)


@domain.query("publicApiVersions")
def public_api_versions(_call: Call, _arguments: Arguments) -> list[Record]:
    """The versions this stand-in serves."""
    return [version(handle) for handle in SERVED_VERSIONS]


def version(handle: str) -> Record:
    """An ApiVersion."""
    latest = " (Latest)" if handle == SERVED_VERSIONS[-1] else ""
    return {"handle": handle, "displayName": f"{handle}{latest}", "supported": True}


def _scope(handle: str) -> Record:
    verb, _, subject = handle.partition("_")
    return {"handle": handle, "description": f"{verb.capitalize()} {subject.replace('_', ' ')}"}


def app_record(one: App) -> Record:
    """An app as the API shows it."""
    scopes = [_scope(handle) for handle in sorted(with_implied(one.scopes))]
    return {
        "id": gid("App", one.number),
        "title": one.title,
        "apiKey": one.client_id,
        "handle": one.title.lower(),
        "availableAccessScopes": scopes,
        "requestedAccessScopes": scopes,
    }
