"""Pictures that Shopify cannot fetch by itself: read where they lie, and sent to its file store.

A picture the shop has already, by its name, is neither read nor sent.
"""

import mimetypes
from urllib.parse import urlsplit

from canonical.errors import RejectedError
from canonical.ports.products import Pictures
from canonical.product import Image, ProductChange
from connectors.shopify.client import ShopifyClient
from connectors.shopify.product_mapper_input import file_stem, present_files
from connectors.shopify.products_state import ProductState
from connectors.shopify.uploads import IMAGE, upload


async def with_addresses(
    client: ShopifyClient, pictures: Pictures | None, change: ProductChange, state: ProductState | None
) -> ProductChange:
    """The change with an address that Shopify can fetch for each picture. Without `pictures` as it was."""
    if pictures is None or "images" not in change.owned:
        return change
    present, product = present_files(state), change.product

    async def fetchable(image: Image) -> Image:
        if urlsplit(image.url).scheme in ("http", "https") or file_stem(image) in present:
            return image
        return await _sent(client, pictures, image, product.id)

    images = [await fetchable(image) for image in product.images]
    moved = {old.url: new for old, new in zip(product.images, images, strict=True)}
    variants = []
    for variant in product.variants:
        own = variant.image
        if own is not None and "variants.image" in change.owned:
            if own.url not in moved:
                moved[own.url] = await fetchable(own)
            own = moved[own.url]
        variants.append(variant.model_copy(update={"image": own}))
    changed = product.model_copy(update={"images": tuple(images), "variants": tuple(variants)})
    return change.model_copy(update={"product": changed})


async def _sent(client: ShopifyClient, pictures: Pictures, image: Image, document: str) -> Image:
    """The picture at Shopify's file store; its name stays a function of what it was."""
    path = urlsplit(image.url).path or image.url
    kind = mimetypes.guess_type(path)[0] or ""
    if not kind.startswith("image/"):
        raise RejectedError(
            "the ending of the file does not say what kind of picture it is",
            code="image_unreachable",
            document=document,
            field="images",
            way_out="Name the file .jpg, .png, .webp or .gif.",
        )
    content = await pictures.picture(image.url)
    name = f"{file_stem(image)}.{path.rpartition('.')[2].lower()}"
    address = await upload(client, name, content, mime_type=kind, resource=IMAGE)
    return image.model_copy(update={"url": address, "digest": image.digest or image.url})
