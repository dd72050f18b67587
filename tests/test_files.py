"""Nothing is ever half written."""

import errno
import json
import os
from pathlib import Path

import pytest

from workbench.errors import RunError
from workbench.files import new_folder, write_bytes, write_json, write_text


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, syncing a file to disk fails as it does on a full one."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)


def test_a_file_is_written_whole(tmp_path):
    write_text(tmp_path / "deep" / "a.txt", "ä")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == "ä".encode()
    write_json(tmp_path / "a.json", {"ö": [1, None]})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"ö": [1, None]}


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write_text(tmp_path / "a.txt", "old")
    fill_the_disk(monkeypatch)
    with pytest.raises(RunError, match=r"cannot write .*a\.txt: No space left on device"):
        write_text(tmp_path / "a.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_nan_is_not_written_as_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", float("nan"))
    assert not any(tmp_path.iterdir())


def test_a_folder_appears_when_it_is_complete(tmp_path):
    with new_folder(tmp_path / "run") as part:
        write_text(part / "a.txt", "a")
        assert not (tmp_path / "run").exists()
    assert (tmp_path / "run" / "a.txt").read_text() == "a"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_an_interrupted_folder_leaves_what_stood_there(tmp_path, stop):
    with new_folder(tmp_path / "run") as part:
        write_text(part / "run.json", "old")
    with pytest.raises(stop), new_folder(tmp_path / "run", overwrite=True) as part:
        write_text(part / "run.json", "new")
        raise stop
    assert (tmp_path / "run" / "run.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_full_disk_in_a_folder_is_one_clear_error_and_leaves_nothing(tmp_path, monkeypatch):
    fill_the_disk(monkeypatch)
    with (
        pytest.raises(RunError, match="No space left on device"),
        new_folder(tmp_path / "run") as part,
    ):
        write_bytes(part / "a.bin", b"a")
    assert not any(tmp_path.iterdir())


def test_a_taken_folder_is_refused_unless_overwriting_is_asked_for(tmp_path):
    (tmp_path / "run").mkdir()
    with new_folder(tmp_path / "run") as part:  # empty: not taken
        write_text(part / "run.json", "a")
    with pytest.raises(RunError, match="exists already"), new_folder(tmp_path / "run"):
        pass
    with new_folder(tmp_path / "run", overwrite=True) as part:
        write_text(part / "results.json", "b")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["results.json"]


def test_a_folder_that_is_somebody_s_own_is_never_replaced(tmp_path):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.txt").write_text("years of work")
    with (
        pytest.raises(RunError, match="did not write"),
        new_folder(tmp_path / "papers", overwrite=True),
    ):
        pass
    assert (tmp_path / "papers" / "thesis.txt").read_text() == "years of work"


def test_an_old_result_comes_back_if_the_new_one_cannot_take_its_name(tmp_path, monkeypatch):
    with new_folder(tmp_path / "run") as part:
        write_text(part / "run.json", "old")
    rename, calls = Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with (
        pytest.raises(KeyboardInterrupt),
        new_folder(tmp_path / "run", overwrite=True) as part,
    ):
        write_text(part / "run.json", "new")
    assert (tmp_path / "run" / "run.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_file_name_that_is_not_utf8_can_still_be_written_down(tmp_path):
    name = os.fsdecode(b"Schr\xe4g.png")
    write_json(tmp_path / "a.json", {"name": name})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"name": name}


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(RunError, match="is a file"), new_folder(tmp_path / "run", overwrite=True):
        pass


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_what_is_written_has_ordinary_permissions(tmp_path):
    with new_folder(tmp_path / "run") as part:
        write_text(part / "a.txt", "a")
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o777 & ~umask
    assert (tmp_path / "run" / "a.txt").stat().st_mode & 0o777 == 0o666 & ~umask
