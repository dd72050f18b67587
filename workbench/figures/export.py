"""Static pictures of figures, drawn by an installed Chrome within a time limit."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import plotly.graph_objects as go

from workbench.figures.chrome import NO_BROWSER, TIME_OUT

STATIC = ("pdf", "svg", "png")
PNG_SCALE = 300 / 96
"""PNG has 300 pixels per inch."""
GRACE = 15.0
"""Seconds that the process has after its own limit to put the browser away."""
COMMAND = (sys.executable, "-m", "workbench.figures.chrome")


@dataclass(frozen=True, eq=False)
class Job:
    """A figure and the file to draw it to; the file's suffix says in which format."""

    figure: go.Figure
    path: Path


def time_limit(jobs: int) -> float:
    """Return how many seconds drawing may take where nobody says otherwise."""
    return 60.0 + 10.0 * jobs


def export(
    jobs: Sequence[Job], seconds: float | None = None, command: Sequence[str] = COMMAND
) -> str:
    """Draw the jobs, all in one browser session, and return what went wrong: nothing, if "".

    What is complete when time runs out stays. Nothing is loaded from the network. After `seconds`
    (default: `time_limit`) the browser is killed, and 15 s later the process that drives it.
    """
    limit = time_limit(len(jobs)) if seconds is None else seconds
    asked = {
        "seconds": limit,
        "jobs": [
            {
                "figure": job.figure.to_json(),
                "path": str(job.path.resolve()),
                "format": job.path.suffix[1:],
                "width": job.figure.layout.width,
                "height": job.figure.layout.height,
                "scale": PNG_SCALE if job.path.suffix == ".png" else 1,
            }
            for job in jobs
        ],
    }
    process = subprocess.Popen(  # noqa: S603, our own module
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, said = process.communicate(json.dumps(asked), timeout=limit + GRACE)
    except subprocess.TimeoutExpired:
        _kill(process)
        return _too_long(jobs, limit)
    except BaseException:
        _kill(process)
        raise
    if process.returncode == NO_BROWSER:
        return (
            "no Chrome or Chromium was found: install one (`kaleido_get_chrome` fetches one, and "
            "BROWSER_PATH names one in an unusual place)"
        )
    if process.returncode == TIME_OUT:
        return _too_long(jobs, limit)
    if process.returncode != 0:
        last = (said.strip().splitlines() or [f"status {process.returncode}"])[-1]
        return f"Chrome could not draw them ({last})"
    return ""


def _too_long(jobs: Sequence[Job], limit: float) -> str:
    done = sum(job.path.is_file() for job in jobs)
    return (
        f"Chrome was stopped after {limit:g} s with {done} of {len(jobs)} files drawn: give it "
        "longer with --time-limit SECONDS"
    )


def _kill(process: "subprocess.Popen[str]") -> None:
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
    else:
        process.kill()
    process.communicate()
