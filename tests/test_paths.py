"""The embedded default: found beside the package or in it, and named where it is missing."""

from pathlib import Path

import pytest

from workbench import cli, paths
from workbench.errors import DataError


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages whose `workbench` has no data."""
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "workbench" / "paths.py"))
    return tmp_path


def fill(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "something").touch()
    return folder


@pytest.mark.parametrize("place", ["data", "workbench/data"])
def test_the_data_lie_beside_the_package_or_in_it(site, place):
    images, model = fill(site / place / "demo"), fill(site / place / "models" / "demo")
    assert (paths.demo_images(), paths.demo_model()) == (images, model)


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ([], "embedded data is missing"),
        (["models"], "embedded set of images is missing"),
        (["models", "demo"], "embedded set of images is missing"),
    ],
)
@pytest.mark.parametrize("verb", ["demo", "parity"])
def test_a_verb_without_its_embedded_data_says_what_to_do(
    site, capsys, tmp_path, verb, there, missing
):
    for name in there:
        (site / "data" / name).mkdir(parents=True)
    out = tmp_path / "out"
    arguments = ["demo", "--out", str(out)] if verb == "demo" else ["parity", "demo"]
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    if verb == "parity" and there:
        missing = "embedded model is missing"
    assert missing in said
    assert "Install the package again" in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_an_empty_folder_is_no_data(site):
    fill(site / "data" / "demo")
    (site / "data" / "models" / "demo").mkdir(parents=True)
    with pytest.raises(DataError, match="models/demo is empty"):
        paths.demo_model()
