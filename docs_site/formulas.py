"""Formulas as MathML, made when the site is built, so that no page needs a script to show them."""

import html
import re

from latex2mathml.converter import convert

_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
_BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def with_formulas(content: str) -> str:
    r"""Return a rendered page with its TeX formulas as MathML.

    >>> "<mi>x</mi>" in with_formulas(r'<span class="arithmatex">\(x\)</span>')
    True
    """
    content = _INLINE.sub(lambda found: convert(html.unescape(found[1])), content)
    return _BLOCK.sub(
        lambda found: (
            f'<div class="formula">{convert(html.unescape(found[1]), display="block")}</div>'
        ),
        content,
    )
