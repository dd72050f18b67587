"""A page of a widget, so that it can be looked at without a kernel."""

import base64
from pathlib import Path
from typing import Any

from workbench.files import write_text

_ONLY_THRESHOLD = """
(function cut() {
  const body = document.querySelector(".ne-body");
  if (!body || body.hidden) return setTimeout(cut, 50);
  for (const part of [...body.children])
    if (/^(shares|neuron|map)/.test(getComputedStyle(part).gridArea)) part.remove();
  body.classList.add("ne-only-threshold");
})();
"""
"""A file holds the whole explorer; of a threshold view its own parts are shown."""


def write_page(widget: Any, path: str) -> None:
    """Write what a widget shows as one HTML file."""
    if hasattr(widget, "save_html"):
        widget.save_html(path)
        if getattr(widget, "view", "") == "threshold":
            page = Path(path).read_text("utf-8")
            write_text(
                Path(path), page.replace("</body>", f"<script>{_ONLY_THRESHOLD}</script></body>")
            )
        return
    write_text(Path(path), _browser(widget))


def _browser(widget: Any) -> str:
    """Return the page of a `Browser`: its list, the picture with its map, the neurons' shares."""
    entries = "".join(
        f'<div class="{"on" if value == widget.picker.value else ""}">{label}</div>'
        for label, value in widget.picker.options[:14]
    )
    coded = base64.b64encode(widget.picture.value).decode("ascii")
    return f"""<!doctype html><meta charset="utf-8"><style>
body {{ font: 14px system-ui, sans-serif; margin: 16px; display: flex; gap: 28px; color: #1b1e23 }}
.list {{ border: 1px solid #9aa0a8; padding: 4px 0; font-family: monospace; white-space: pre }}
.list div {{ padding: 1px 8px }} .on {{ background: #d5e4f3 }}
.left {{ width: 380px }} img {{ width: 460px; display: block; margin: 8px 0 }}
</style><div class="left"><div class="list">{entries}</div>{widget.bars.value}</div>
<div>{widget.summary.value}<img src="data:image/webp;base64,{coded}">{widget.scale.value}</div>"""
