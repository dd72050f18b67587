"""Run a notebook, and leave outputs that a reader without a kernel sees."""

import os
import tempfile
from pathlib import Path
from typing import Any

from workbench.course.building.pictures import chart, compact, screenshot, widget_pages
from workbench.course.building.sources import METADATA
from workbench.course.checked import STRICT
from workbench.errors import RunError

WIDGET = "application/vnd.jupyter.widget-view+json"
CHART = "application/vnd.plotly.v1+json"
LIMIT = 600.0


def executed(notebook: Any, seconds: float = LIMIT) -> Any:
    """Run a notebook in an empty folder and return it with outputs that are small and lasting.

    Charts become pictures, widgets a picture of their page; what was said on standard error,
    timings and the names of this machine's folders stay out. Raises `RunError` for a cell that
    fails or whose output cannot be kept.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "pages").mkdir()
        (place / "here").mkdir()
        client = NotebookClient(
            notebook,
            timeout=seconds,
            record_timing=False,
            coalesce_streams=True,
            store_widget_state=False,
            resources={"metadata": {"path": str(place / "here")}},
        )
        client.on_cell_executed = _after(client, place / "pages")
        try:
            client.execute(env={**os.environ, STRICT: "strict"})
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            name = notebook.metadata["workbench"]["chapter"]
            raise RunError(f"{name} does not run: {str(error)[-1500:]}") from error
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                cell.metadata.pop("execution", None)
                page = place / "pages" / f"{number}.html"
                cell.outputs = [
                    shown
                    for output in cell.outputs
                    if (shown := kept(output, page if page.is_file() else None)) is not None
                ]
                check_plain(cell, number, place)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.update(METADATA)
    return notebook


def _after(client: Any, pages: Path) -> Any:
    """Return what is to happen after each cell: a widget is asked for its page."""

    async def hook(cell: Any, cell_index: int, execute_reply: Any) -> None:
        if any(map(is_view, cell.outputs)):
            code = widget_pages(execute_reply["content"]["execution_count"], pages, cell_index)
            reply = await client.kc.execute_interactive(
                code, store_history=False, silent=False, output_hook=lambda _: None
            )
            if reply["content"]["status"] != "ok":
                raise RunError(
                    f"cell {cell_index} shows a widget that has no page to be seen without a "
                    f"kernel: {reply['content'].get('evalue', '')}"
                )

    return hook


def is_view(output: Any) -> bool:
    """Return whether an output is a widget that its cell ends with, and no progress bar."""
    return output.output_type == "execute_result" and WIDGET in output.data


def kept(output: Any, page: Path | None) -> Any | None:
    """Return an output as it is to be kept; None for one that is not."""
    if output.output_type == "stream":
        return None if output.name == "stderr" else output
    data = output.get("data", {})
    if WIDGET in data:
        if page is None or not is_view(output):
            return None  # a progress bar
        picture, kind, width = screenshot(page)
        output.data = {kind: picture, "text/plain": data.get("text/plain", "a widget")}
        output.metadata = {kind: {"width": width}}
    elif CHART in data:
        picture, width = chart(data[CHART])
        output.data = {"image/png": picture, "text/plain": "a chart"}
        output.metadata = {"image/png": {"width": width}}
    elif "image/jpeg" in data:
        data.pop("image/png", None)
    elif "image/png" in data:
        output.data["image/png"] = compact(data["image/png"])
    return output


def check_plain(cell: Any, number: int, place: Path) -> None:
    """Raise `RunError` for an output that names a folder of this machine."""
    own = [str(place), str(Path.home()) + "/", str(Path.cwd()) + "/", tempfile.gettempdir() + "/"]
    said = str(cell.outputs)
    for name in own:
        if name in said:
            raise RunError(
                f"cell {number} ({cell.source[:60]!r} ...) prints a path of this machine ({name}): "
                "let it print a name."
            )
