"""The files that set the project up elsewhere agree with pyproject.toml and the lock file."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = [
    Requirement(line)
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    if line.strip()
]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
BINDER = ROOT / ".binder"


def options_of(words: list[str]) -> dict[str, str]:
    """`--name value` pairs; any other word is an error."""
    assert all(name.startswith("--") for name in words[::2]), words
    return dict(zip(words[::2], words[1::2], strict=True))


def check_editable(given: str) -> None:
    """The project is there, and has the extras that are named."""
    found = re.fullmatch(r"(\.)(?:\[([a-z,]+)\])?", given)
    assert found, given
    extras = set(filter(None, (found[2] or "").split(",")))
    assert extras <= set(PROJECT["optional-dependencies"])


def python_of_conda() -> str:
    (pinned,) = [r for r in CONDA["dependencies"] if str(r).startswith("python=")]
    return pinned.removeprefix("python=")


def python_of_binder() -> str:
    return (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")


@pytest.fixture
def asked(tmp_path: Path) -> list[list[str]]:
    """What `.binder/postBuild` asks python for: it is run with one that only notes its words."""
    notes = tmp_path / "notes"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {shlex.quote(str(notes))}\n')
    python.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([BINDER / "postBuild"], cwd=ROOT, env={"PATH": path}, check=True, timeout=60)
    return [shlex.split(line) for line in notes.read_text().splitlines()]


@pytest.mark.parametrize("python", [python_of_conda, python_of_binder])
def test_the_python_that_is_asked_for_is_one_the_project_runs_on(python):
    assert re.fullmatch(r"3\.\d+", python())
    assert SpecifierSet(PROJECT["requires-python"]).contains(python())


def test_the_lock_file_pins_what_the_project_asks_for():
    pins = defaultdict(list)
    for pin in LOCK:
        pins[pin.name].append(pin)
    extras = PROJECT["optional-dependencies"].values()
    for text in chain(PROJECT["dependencies"], *extras):
        asked = Requirement(text)
        found = pins[asked.name.lower().replace("_", "-")]
        assert found, text
        for pin in found:
            (exact,) = pin.specifier
            assert asked.specifier.contains(exact.version), (text, str(pin))


@pytest.mark.parametrize("python", [python_of_conda, python_of_binder])
def test_the_lock_file_has_one_version_of_everything_for_that_python(python):
    target = {"python_version": python(), "python_full_version": f"{python()}.0"}
    target |= {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
    chosen = [pin for pin in LOCK if pin.marker is None or pin.marker.evaluate(target)]
    names = [pin.name for pin in chosen]
    assert len(names) == len(set(names))
    assert {"torch", "jupyterlab"} <= set(names)


def test_conda_s_pip_section_has_only_options_that_pip_reads_in_a_file():
    assert "pip" in CONDA["dependencies"]
    (section,) = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    options = options_of([word for line in section for word in shlex.split(line)])
    assert set(options) == {"--constraint", "--editable"}
    assert (ROOT / options["--constraint"]).is_file()
    check_editable(options["--editable"])


def test_binder_installs_the_project_with_the_pins_and_without_cuda(asked):
    uv, install, version = asked
    assert uv == ["-m", "pip", "install", "--quiet", "--no-cache-dir", "uv"]
    assert install[:4] == ["-m", "uv", "pip", "install"]
    options = options_of([word for word in install[4:] if word != "--no-cache"])
    assert options["--torch-backend"] == "cpu"
    assert (ROOT / options["--constraint"]).is_file()
    check_editable(options["--editable"])
    assert version == ["-m", "workbench.cli", "--version"]


def test_uv_takes_the_options_that_binder_gives_it(asked):
    found = shutil.which(
        "uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if found is None:
        pytest.skip("uv is not installed here")
    words = asked[1][2:]
    words[words.index("--python") + 1] = sys.executable
    words[words.index("--editable") : words.index("--editable") + 2] = ["numpy"]
    done = subprocess.run(
        [found, *words, "--dry-run", "--offline", "--no-deps"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "no changes" in done.stderr


@pytest.mark.parametrize(("limit", "threads"), [("2.0", "2"), ("1", "1"), (".5", "1"), ("", "")])
def test_binder_s_sessions_have_as_many_threads_as_cores_they_may_use(limit, threads):
    command = [BINDER / "start", "sh", "-c", 'printf %s "$OMP_NUM_THREADS"']
    variables = {"PATH": os.environ["PATH"], **({"CPU_LIMIT": limit} if limit else {})}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == threads


def test_no_file_that_sets_the_project_up_names_a_host():
    files = [ROOT / "environment.yml", ROOT / "Makefile", *sorted(BINDER.iterdir())]
    assert len(files) == 5
    assert not [path.name for path in files if "://" in path.read_text("utf-8")]
