"""A notebook as a page: its words as Markdown, its code highlighted, its stored outputs below.

Nothing is executed. Outputs are put in after the page was rendered, so that no Markdown rule
touches them.
"""

import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLOTLY = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass
class NotebookPage:
    """The Markdown of a notebook, and the HTML of its outputs by placeholder."""

    markdown: str
    outputs: dict[str, str] = field(default_factory=dict)
    plotly: bool = False

    def with_outputs(self, content: str) -> str:
        """Return the rendered page with its outputs in their places."""
        for placeholder, output in self.outputs.items():
            content = content.replace(placeholder, output)
        return content


def read(path: Path) -> NotebookPage:
    """Return the page of a notebook file."""
    notebook = json.loads(path.read_text("utf-8"))
    page, parts = NotebookPage(""), []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code" and source.strip():
            fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", source)), default=0))
            parts.append(f"{fence}python\n{source}\n{fence}")
            parts += _placed(cell.get("outputs", []), page)
    page.markdown = "\n\n".join(parts) + "\n"
    return page


def _placed(outputs: Iterable[dict[str, Any]], page: NotebookPage) -> Iterable[str]:
    for output in outputs:
        shown = _shown(output, page)
        if shown:
            placeholder = f"<div data-output='{len(page.outputs)}'></div>"
            page.outputs[placeholder] = f'<div class="notebook-output">{shown}</div>'
            yield placeholder


def _shown(output: dict[str, Any], page: NotebookPage) -> str:
    """Return an output as HTML, in the richest form it has that needs no kernel."""
    kind = output["output_type"]
    if kind == "stream":
        return _text(output["text"]) if output.get("name") == "stdout" else ""
    if kind == "error":
        return _text("\n".join(output["traceback"]))
    data = output.get("data", {})
    if PLOTLY in data:
        page.plotly = True
        figure = json.dumps(data[PLOTLY]).replace("</", "<\\/")
        return f'<div class="plotly-figure"><script type="application/json">{figure}</script></div>'
    if WIDGET in data:
        return "<p><em>A widget: it lives in the notebook.</em></p>"
    if "text/html" in data:
        return _joined(data["text/html"])
    if "image/svg+xml" in data:
        return _joined(data["image/svg+xml"])
    for image in ("image/png", "image/jpeg"):
        if image in data:
            content = _joined(data[image]).replace("\n", "")
            return f'<img alt="Output of the cell above" src="data:{image};base64,{content}">'
    return _text(data["text/plain"]) if "text/plain" in data else ""


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _text(text: str | list[str]) -> str:
    return f"<pre>{html.escape(_ESCAPES.sub('', _joined(text)))}</pre>"
