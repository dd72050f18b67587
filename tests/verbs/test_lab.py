"""Where `workbench lab` finds its notebooks, what it refuses, and that it starts and ends."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.lab_server import LabServer, processes_below
from workbench import cli
from workbench.errors import DataError, SettingError
from workbench.verbs import lab
from workbench.verbs.lab import copied, notebooks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A package's notebooks, as a wheel lays them down, in a folder that cannot be written to."""
    folder = tmp_path / "site" / "notebooks"
    (folder / "exercises").mkdir(parents=True)
    (folder / ".ipynb_checkpoints").mkdir()
    for name in ("01_a.ipynb", "exercises/01_a.ipynb", ".ipynb_checkpoints/01_a.ipynb", "x.txt"):
        (folder / name).write_text(f"installed {name}", "utf-8")
        (folder / name).chmod(0o444)
    folder.chmod(0o555)
    return folder


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    status = cli.main(["lab", "--no-browser", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.startswith("workbench: ")
    assert err.count("\n") == 1
    return err


@pytest.fixture
def nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(command):
        raise AssertionError(f"started {command}")

    monkeypatch.setattr(lab, "_serve", started)


def test_in_a_clone_the_notebooks_are_the_repository_s_own():
    assert notebooks().folder == ROOT / "notebooks"
    plain = cli.parser().parse_args(["lab"])
    words = lab.command(notebooks(), plain)
    assert f"--ServerApp.root_dir={ROOT}" in words  # so that links to the documents lead there
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in words
    assert notebooks().added == ()


def test_a_clone_s_notebooks_are_copied_where_a_folder_is_named(tmp_path):
    found = notebooks(tmp_path / "mine")
    assert found.folder == tmp_path / "mine"
    assert files(found.folder).keys() == set(found.added)
    assert "01_look_inside_clip.ipynb" in found.added


def test_the_copy_has_notebooks_and_exercises_that_can_be_edited_and_nothing_else(
    installed, tmp_path
):
    place = copied(installed, tmp_path / "new" / "mine").folder
    assert set(files(place)) == {"01_a.ipynb", "exercises/01_a.ipynb"}
    assert all(path.stat().st_mode & 0o200 for path in (place, *place.rglob("*")))


def test_what_was_edited_is_kept_and_what_is_new_is_added(installed, tmp_path):
    place = copied(installed, tmp_path / "mine").folder
    (place / "01_a.ipynb").write_text("edited", "utf-8")
    (place / "my_own.ipynb").write_text("mine", "utf-8")
    installed.chmod(0o755)
    (installed / "02_b.ipynb").write_text("installed later", "utf-8")
    found = copied(installed, tmp_path / "mine")
    assert (found.added, found.kept) == (("02_b.ipynb",), ("01_a.ipynb",))
    assert files(place) == {
        "01_a.ipynb": "edited",
        "exercises/01_a.ipynb": "installed exercises/01_a.ipynb",
        "02_b.ipynb": "installed later",
        "my_own.ipynb": "mine",
    }


def test_the_installed_notebooks_are_left_as_they_were(installed, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (installed, *installed.rglob("*"))}
    content = files(installed)
    copied(installed, tmp_path / "mine")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert files(installed) == content


@pytest.mark.parametrize("below", ["", "exercises", "deeper/still"])
def test_the_installed_folder_is_refused_as_the_place_for_the_copy(installed, below):
    with pytest.raises(SettingError, match="holds the notebooks to be copied"):
        copied(installed, installed / below)


def test_a_package_without_notebooks_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match="Install the package again"):
        copied(tmp_path, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


@pytest.mark.usefixtures("nothing_is_started")
class TestRefusals:
    def test_a_file_in_the_place_of_the_folder(self, capsys, tmp_path):
        (tmp_path / "mine").write_text("a letter")
        assert "is a file" in refused(capsys, "--dir", tmp_path / "mine")
        assert "cannot write" in refused(capsys, "--dir", tmp_path / "mine" / "deeper")
        assert (tmp_path / "mine").read_text() == "a letter"

    @pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder root cannot fill")
    @pytest.mark.parametrize("place", ["/proc/self", "/proc/self/mine"])
    def test_a_folder_that_cannot_be_written_to(self, capsys, place):
        said = refused(capsys, "--dir", place)
        assert place in said
        assert "hoose another" in said

    def test_a_port_that_is_taken(self, capsys, tmp_path):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            said = refused(capsys, "--port", port, "--dir", tmp_path / "mine")
        assert f"--port {port} is taken" in said
        assert not (tmp_path / "mine").exists()

    @pytest.mark.parametrize("port", [-1, 0, 65536])
    def test_a_number_that_is_no_port(self, capsys, port):
        assert f"--port {port} is no port" in refused(capsys, "--port", port)

    def test_python_without_jupyterlab(self, capsys, monkeypatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        assert "pip install jupyterlab" in refused(capsys)

    def test_a_server_that_fails(self, capsys, monkeypatch, tmp_path):
        monkeypatch.setattr(lab, "_serve", lambda command: 1)
        assert "status 1" in refused(capsys, "--dir", tmp_path / "mine")


def test_the_launcher_is_what_opens_where_there_is_one(tmp_path):
    plain = cli.parser().parse_args(["lab"])
    mine = lab.Notebooks(tmp_path, tmp_path)
    assert not any("default_url" in word for word in lab.command(mine, plain))
    (tmp_path / "00_start_here.ipynb").touch()
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in lab.command(mine, plain)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LabServer]:
    command = [sys.executable, "-m", "workbench.cli"]
    started = LabServer(command, tmp_path, {**os.environ, "PYTHONPATH": str(ROOT)})
    yield started
    started.close()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_jupyterlab_answers_and_ends_with_its_kernels_and_one_line(server, how):
    if signal.getsignal(how) is signal.SIG_IGN:
        pytest.skip("these tests run under nohup, or beside it, and what they start obeys that too")
    status = server.wait_until_it_answers()
    assert status["kernels"] == 0
    listed = {entry["name"] for entry in server.ask("contents/")["content"]}
    assert "01_look_inside_clip.ipynb" in listed
    server.start_a_kernel()
    kernels = processes_below(server.place)
    os.killpg(server.process.pid, how)  # what a terminal does: the whole group gets it
    out, _ = server.process.communicate(timeout=120)
    assert server.process.returncode == 130, server.said()
    assert out == ""
    assert server.said().endswith(
        "\nworkbench: interrupted; nothing half-written was left behind.\n"
    )
    assert "Traceback" not in server.said()
    with pytest.raises(URLError):
        server.ask("status")
    if Path("/proc/self").exists():
        assert kernels
        assert processes_below(server.place) == []
