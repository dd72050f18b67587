"""What was installed works in a folder that is not the repository, without the repository."""

import hashlib
import json
import os
import signal
from pathlib import Path

import pytest

from tests.lab_server import LabServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def package(environment) -> Path:
    """The folder of the installed package."""
    return Path(
        environment.run("python", "-c", "import workbench; print(*workbench.__path__)").strip()
    )


def test_the_repository_is_out_of_reach(environment, package):
    assert package.is_relative_to(environment.folder)
    path = environment.run("python", "-c", "import sys; print(*sys.path, sep='\\n')").splitlines()
    assert path
    assert not [entry for entry in path if (environment.work / entry).is_relative_to(ROOT)]


def test_every_package_finds_those_it_needs(environment):
    environment.check()


def test_the_command_says_its_version_and_its_verbs(environment):
    import workbench

    assert environment.run("workbench", "--version") == f"lake-workbench {workbench.__version__}\n"
    assert "workbench demo" in environment.run("workbench", "--help")


def test_the_demo_runs(environment):
    environment.run("workbench", "demo", "--out", "demo")
    out = environment.work / "demo"
    assert (out / "report.html").stat().st_size > 100_000
    categories = sorted(path.name for path in (ROOT / "data" / "demo").iterdir() if path.is_dir())
    assert sorted(json.loads((out / "results.json").read_text("utf-8"))["categories"]) == categories


def test_jupyterlab_opens_a_copy_and_leaves_what_is_installed_alone(environment, package):
    def installed():
        files = sorted((package / "notebooks").rglob("*.ipynb"))
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = installed()
    command = [str(environment.folder / "bin" / "workbench")]
    server = LabServer(command, environment.work, environment.variables)
    try:
        server.wait_until_it_answers()
        copies = {path.relative_to(server.place) for path in server.place.rglob("*.ipynb")}
        assert copies == {path.relative_to(package / "notebooks") for path in before}
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(120) == 130, server.said()
        assert server.said().endswith("nothing half-written was left behind.\n")
    finally:
        server.close()
    assert installed() == before


def test_it_installs_from_the_source_distribution_too(environment, built, package):
    (package / "cli.py").unlink()
    environment.install("--reinstall-package", "lake-workbench", built.sdist)
    assert (package / "cli.py").is_file()
    assert "workbench demo" in environment.run("workbench", "--help")
    environment.run("python", "-c", "import workbench as wb; print(wb.demo_images())")
