"""What mkdocs calls while it builds the site: pages from outside docs/, notebooks, reference."""

import logging
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs_site import commands, notebooks, reference
from docs_site.formulas import with_formulas
from docs_site.pages import ATTACHED, OUTSIDE, ROOT, beginning, relink

log = logging.getLogger("mkdocs.docs_site")

HOME_UNTIL = "## The verbs"
SHOWN = """
document.querySelectorAll(".plotly-figure").forEach(function (place) {
  var figure = JSON.parse(place.querySelector("script").textContent);
  var layout = Object.assign({}, figure.layout, { autosize: true });
  delete layout.width;
  Plotly.newPlot(place, figure.data, layout, { responsive: true, displaylogo: false });
});
"""

_notebooks: dict[str, notebooks.NotebookPage] = {}


def on_config(config: MkDocsConfig) -> None:
    """Put the notebooks and the reference into the navigation."""
    places = {
        "notebooks": [f"notebooks/{file.stem}.md" for file in _notebook_files()],
        "reference": [*reference.pages(), "reference/command-line.md"],
    }
    for entry in config.nav or []:
        if isinstance(entry, dict):
            for title, items in entry.items():
                if isinstance(items, list):
                    entry[title] = [
                        one
                        for item in items
                        for one in (places.get(item, [item]) if isinstance(item, str) else [item])
                    ]


@event_priority(100)
def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages that do not lie in docs/."""
    _notebooks.clear()

    def add(place: str, content: str | bytes) -> None:
        files.append(File.generated(config, place, content=content))

    for file in _notebook_files():
        place = f"notebooks/{file.stem}.md"
        _notebooks[place] = page = notebooks.read(file)
        note = f"[The notebook itself]({file.name}), to run and to change.\n\n"
        title, _, rest = page.markdown.partition("\n")
        add(place, f"{title}\n\n{note}{rest}")
        files.append(File.generated(config, f"notebooks/{file.name}", abs_src_path=str(file)))
    for source, place in OUTSIDE.items():
        add(place, (ROOT / source).read_text("utf-8"))
    for source in ATTACHED:
        add(source, (ROOT / source).read_bytes())
    for place, content in reference.pages().items():
        add(place, content)
    add("reference/command-line.md", commands.page())
    for name in ("style.css", "iframe-worker.js"):
        add(f"assets/{name}", (ROOT / "docs_site" / name).read_bytes())
    if any(page.plotly for page in _notebooks.values()):
        from plotly.offline import get_plotlyjs

        add("assets/plotly.min.js", get_plotlyjs())


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let every link lead where it leads on a code host."""
    place = page.file.src_uri
    if place.startswith("reference/"):
        return markdown
    sources = {site: source for source, site in OUTSIDE.items()}
    source = sources.get(place, f"docs/{place}")
    if place in _notebooks:
        source = place.removesuffix(".md") + ".ipynb"
        own = f"]({Path(source).name})"  # to the notebook's file, not to its page
        before, found, after = markdown.partition(own)
        return (
            relink(before, source, place, log.warning)
            + found
            + relink(after, source, place, log.warning)
        )
    if place == "index.md":
        readme = beginning((ROOT / "README.md").read_text("utf-8"), HOME_UNTIL)
        markdown = relink(markdown, source, place, log.warning)
        return (
            relink(readme, "README.md", place, log.warning)
            + "\n"
            + markdown.replace("# ", "## ", 1)
        )
    return relink(markdown, source, place, log.warning)


def on_page_content(html: str, page: Page, **_: Any) -> str:
    """Put in what Markdown must not touch: formulas and the notebooks' outputs."""
    html = with_formulas(html)
    found = _notebooks.get(page.file.src_uri)
    if found is None:
        return html
    html = found.with_outputs(html)
    if found.plotly:
        html += f'<script src="../assets/plotly.min.js"></script><script>{SHOWN}</script>'
    return html


def _notebook_files() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))
