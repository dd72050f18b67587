"""The frame that every page shares: style, head, links, footer. No script, nothing to fetch."""

from collections.abc import Sequence
from importlib.resources import files

from workbench.pages.markup import escape

Links = Sequence[tuple[str, str]]


def document(title: str, headline: str, lead: str, links: Links, top: str, main: str) -> str:
    """Return one HTML document. `title` is text; the other parts are markup already."""
    style = files("workbench.pages").joinpath("report.css").read_text(encoding="utf-8")
    nav = "".join(f'<a href="#{anchor}">{text}</a>' for anchor, text in links)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<header class="top">
<p class="kicker">{escape(title)}</p>
<h1>{headline}</h1>
<p class="lead">{lead}</p>
<nav aria-label="On this page">{nav}</nav>
{top}
</header>
<main>
{main}
</main>
<footer>Made by the LAKE Workbench. This page holds all that it shows and fetches nothing.</footer>
</body>
</html>
"""
