"""Static export: within its time limit, without the network, the same bytes for the same data."""

import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import plotly.graph_objects as go
import pytest

from tests.figures import folders
from workbench.figures.catalogue import figures
from workbench.figures.chrome import find_browser, settled
from workbench.figures.export import Job, export
from workbench.figures.paper import SINGLE, sized
from workbench.figures.results_folder import read_results

HAS_BROWSER = find_browser() is not None
needs_browser = pytest.mark.skipif(not HAS_BROWSER, reason="no Chrome or Chromium is installed")


def small() -> go.Figure:
    return sized(go.Figure(go.Scatter(x=[1, 2], y=[1, 3], name="a")), SINGLE, 50)


def fake_browser(folder: Path, does: str) -> Path:
    file = folder / "chrome"
    file.write_text(f"#!/bin/sh\n{does}\n")
    file.chmod(file.stat().st_mode | stat.S_IEXEC)
    return file


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.is_file() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_browser_that_hangs_is_stopped_and_said(tmp_path, monkeypatch):
    noted = tmp_path / "pid"
    hanging = fake_browser(tmp_path, f"echo $$ > {noted}\nexec sleep 600")
    monkeypatch.setenv("BROWSER_PATH", str(hanging))
    said = export([Job(small(), tmp_path / "a.pdf")], 8)
    assert "Chrome was stopped after 8 s with 0 of 1 files drawn" in said
    assert "--time-limit" in said
    assert not (tmp_path / "a.pdf").exists()
    for _ in range(50):
        if not alive(int(noted.read_text())):
            break
        time.sleep(0.1)
    assert not alive(int(noted.read_text()))


def test_a_process_that_does_not_keep_its_own_limit_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.figures.export.GRACE", 0.5)
    hanging = [sys.executable, "-c", "import time; time.sleep(600)"]
    began = time.monotonic()
    assert "stopped after 0.5 s" in export([Job(small(), tmp_path / "a.svg")], 0.5, hanging)
    assert time.monotonic() - began < 60


def test_without_a_browser_it_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    said = export([Job(small(), tmp_path / "a.svg")])
    assert said.startswith("no Chrome or Chromium was found: install one")
    assert "\n" not in said


def test_a_browser_that_dies_is_said_in_one_line(tmp_path):
    dying = [sys.executable, "-c", "import sys; sys.exit('no display')"]
    said = export([Job(small(), tmp_path / "a.svg")], 60, dying)
    assert said == "Chrome could not draw them (no display)"


def test_random_names_are_settled_and_nothing_else():
    svg = '<g id="defs-123456"/><path d="M123456,5"/><use clip-path="url(#clip123456xy)"/>'
    assert settled(svg) == (
        '<g id="defs-figure"/><path d="M123456,5"/><use clip-path="url(#clipfigurexy)"/>'
    )


@needs_browser
def test_a_figure_has_its_size_in_print_and_the_same_bytes_twice(tmp_path):
    results = read_results(folders.claims(tmp_path / "c"))
    made = {one.name: one.figure for one in figures(results)}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    jobs = [Job(made["selections"], tmp_path / name / "a.svg") for name in ("one", "two")]
    jobs += [Job(made["selections"], tmp_path / "one" / "a.pdf")]
    jobs += [Job(made["selections"], tmp_path / "one" / "a.png")]
    assert export(jobs) == ""
    first, second = (job.path.read_bytes() for job in jobs[:2])
    assert first == second
    sizes = re.findall(r"font-size: ([0-9.]+)px", first.decode())
    assert min(map(float, sizes)) >= 8  # 6 points
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([0-9.]+) ([0-9.]+)", jobs[2].path.read_bytes())
    assert float(box[1]) == pytest.approx(SINGLE / 25.4 * 72, abs=1.0)
    assert jobs[3].path.read_bytes()[:4] == b"\x89PNG"


@needs_browser
def test_nothing_is_asked_of_the_network(tmp_path):
    code = (
        "import kaleido, inspect\n"
        "page = kaleido.PageGenerator(mathjax=False).generate_index()\n"
        "assert 'http' not in page, page\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
