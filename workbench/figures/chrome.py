"""Chrome draws figures to files, in a process of its own: `python -m workbench.figures.chrome`.

Standard input says what to draw, as JSON: `{"seconds": limit, "jobs": [{"figure": plotly's JSON as
text, "path", "format", "width", "height", "scale"}]}`. One browser session draws all. A file
appears when it is complete. The exit status is 0, 3 without a browser, 4 when time ran out.
"""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

NO_BROWSER, TIME_OUT = 3, 4
_NO_MARGIN = (
    "<style>@page { margin: 0 !important } html, body { margin: 0 !important; padding: 0 } "
    "img { display: block }</style>"
)
"""Without it a PDF is set in by a tenth of an inch, and cut off by as much at the other end."""


def find_browser() -> str | None:
    """Return where a Chrome, or one of its kin, is installed; `None` if there is none.

    `BROWSER_PATH` in the environment names another one.
    """
    from choreographer.browsers.chromium import Chromium

    found = Chromium.find_browser(skip_local=False)
    return found if found and Path(found).is_file() else None


def settled(svg: str) -> str:
    """Return an SVG of plotly's with the random names in it replaced by fixed ones.

    >>> settled('<g id="defs-a1b2c3"/><g class="trace scatter trace0d0e0f" clip="clipa1b2c3xy"/>')
    '<g id="defs-figure"/><g class="trace scatter trace0" clip="clipfigurexy"/>'
    """
    for name in dict.fromkeys(re.findall(r'id="(?:top)?defs-([0-9a-f]{6})"', svg)):
        svg = re.sub(rf"(?<=[a-z-]){name}", "figure", svg)
    for number, name in enumerate(dict.fromkeys(re.findall(r"\btrace([0-9a-f]{6})\b", svg))):
        svg = re.sub(rf"\b(trace|cb|fill|errorbars?)?{name}\b", rf"\g<1>{number}", svg)
    return svg


async def draw(jobs: Sequence[Mapping[str, Any]], seconds: float) -> None:
    """Draw all jobs in one session; the browser is ended even if it does not answer.

    Raises `TimeoutError` when `seconds` have passed.
    """
    import kaleido

    page = kaleido.PageGenerator(mathjax=False)
    page.header += _NO_MARGIN
    browser = kaleido.Kaleido(n=1, timeout=seconds, page_generator=page)
    try:
        async with asyncio.timeout(seconds):
            await browser.open()
            for job in jobs:
                options = {name: job[name] for name in ("format", "width", "height", "scale")}
                content = await browser.calc_fig(json.loads(job["figure"]), options)
                path = Path(job["path"])
                if job["format"] == "svg":
                    content = settled(content.decode()).encode()
                part = path.with_name(f".{path.name}.part")
                part.write_bytes(content)
                part.replace(path)
            await browser.close()
    finally:
        _end(browser)


def _end(browser: Any) -> None:
    """Kill what is left of the browser: it runs in a session of its own."""
    process = getattr(browser, "subprocess", None)
    if process is None or process.poll() is not None:
        return
    with suppress(OSError):
        if hasattr(os, "killpg") and os.getpgid(process.pid) != os.getpgid(0):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def main() -> int:
    """Do what standard input says and return the exit status."""
    if find_browser() is None:
        return NO_BROWSER
    asked = json.load(sys.stdin)
    try:
        asyncio.run(draw(asked["jobs"], asked["seconds"]))
    except TimeoutError:
        return TIME_OUT
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # threads that wait for a browser that is gone would never end
