"""Folders that another version of the workbench wrote: one line and a remedy from every verb."""

import json
from pathlib import Path

import pytest

from workbench import cli
from workbench.excavation import run_format
from workbench.recording.own_files import MANIFEST

OF_ANOTHER_VERSION = {
    "run.json": {"format": run_format.FORMAT, "version": 0},
    MANIFEST: {"format": 0, "status": "complete", "fingerprint": "0", "workbench": "0.0.1"},
    "benchmark.json": {"identity": {"schema": 0}},
    "results.json": {"schema": 0},
}


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A folder of each kind, by the name of its record."""
    for name, content in OF_ANOTHER_VERSION.items():
        folder = tmp_path / name.removesuffix(".json")
        folder.mkdir()
        (folder / name).write_text(json.dumps(content), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ("detect run DEMO --out out", "Excavate again"),
        ("evaluate run DEMO --out out", "Excavate again"),
        ("neurons run --out out", "Excavate again"),
        ("neurons manifest --neuron blocks.0.hook_resid_post:1 --out out", "record again"),
        ("store info manifest", "record again"),
        ("store verify manifest", "record again"),
        ("store sheet manifest --out sheet.png", "record again"),
        ("figures benchmark --out out", "Run the benchmark again"),
        ("figures results --out out", "workbench demo"),
    ],
)
def test_what_another_version_wrote_is_refused_in_one_line(
    older, capsys, monkeypatch, arguments, remedy
):
    monkeypatch.chdir(older)
    demo = Path(__file__).resolve().parents[2] / "data" / "demo" / "metal"
    before = set(older.rglob("*"))
    assert cli.main(arguments.replace("DEMO", str(demo)).split()) == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said.startswith("workbench: ")
    assert said.count("\n") == 1
    assert remedy in said
    assert set(older.rglob("*")) == before
