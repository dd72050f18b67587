"""A notebook as a page: its words as Markdown, its code highlighted, its stored outputs below.

Nothing is executed. Outputs are put in after the page was rendered, so that no Markdown rule
touches them.
"""

import html
import json
import re
from collections.abc import Callable, Iterable
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
    """Return an output as HTML; progress bars and warnings, on standard error, are left out."""
    if output["output_type"] == "stream":
        return _text(output["text"]) if output.get("name") == "stdout" else ""
    if output["output_type"] == "error":
        return _text("\n".join(output["traceback"]))
    data = output.get("data", {})
    kind = next((kind for kind in _RICHEST_FIRST if kind in data), None)
    page.plotly = page.plotly or kind == PLOTLY
    return _RICHEST_FIRST[kind](kind, data[kind]) if kind else ""


def _plotly(_kind: str, figure: dict[str, Any]) -> str:
    content = json.dumps(figure).replace("</", "<\\/")
    return f'<div class="plotly-figure"><script type="application/json">{content}</script></div>'


def _picture(kind: str, content: str | list[str]) -> str:
    encoded = _joined(content).replace("\n", "")
    return f'<img alt="Output of the cell above" src="data:{kind};base64,{encoded}">'


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _text(text: str | list[str]) -> str:
    return f"<pre>{html.escape(_ESCAPES.sub('', _joined(text)))}</pre>"


_RICHEST_FIRST: dict[str, Callable[[str, Any], str]] = {
    PLOTLY: _plotly,
    WIDGET: lambda _kind, _view: "<p><em>A widget: it lives in the notebook.</em></p>",
    "text/html": lambda _kind, content: _joined(content),
    "image/svg+xml": lambda _kind, content: _joined(content),
    "image/png": _picture,
    "image/jpeg": _picture,
    "text/plain": lambda _kind, content: _text(content),
}
"""The forms of an output that need no kernel, and how each becomes HTML."""
