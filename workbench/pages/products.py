"""The products' parts of a page, one after the other."""

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.pages.categories import PICTURE_SIDE, SMALL_SIDE, category_section
from workbench.pages.inputs import CategoryReport
from workbench.pages.markup import escape

MANY = 6
"""With more categories than this, the pictures are made smaller."""


def products_section(
    categories: Sequence[CategoryReport], settings: Mapping[str, Any], note: str = ""
) -> str:
    """Return every product's part; `note` is said first.

    With many products the pictures are smaller.
    """
    said = f"<p>{escape(note)}</p>" if note else ""
    side = PICTURE_SIDE if len(categories) <= MANY else SMALL_SIDE
    products = "".join(
        category_section(category, index, settings, side)
        for index, category in enumerate(categories)
    )
    return f"""<section id="products">
<h2>Product by product</h2>
{said}
<p class="muted">Colours mean the same in every picture of a product: the scale is fixed by the
normal support pictures, never by the picture shown. Its lower half is what normal patches reach,
its upper half lies beyond them.</p>
{products}
</section>"""
