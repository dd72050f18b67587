"""A recording shares its folder with whatever else is there, and takes nothing away but its own."""

import os
import shutil
from pathlib import Path

import pytest
import torch

from tests.recording.recordings import before_shard, contents, draw_pictures, make
from workbench.errors import RunError, SettingError
from workbench.recording import record as record_module
from workbench.recording import tensor_files
from workbench.recording.lock import recording_lock
from workbench.recording.own_files import own_files
from workbench.recording.record import record
from workbench.recording.store import ActivationStore

SITE = "blocks.1.hook_resid_post"
FEW = {"sites": SITE, "products": ["statistics", "maxima", "activations"]}


@pytest.fixture
def images(tmp_path):
    return draw_pictures(tmp_path / "images", 6)


def test_every_file_of_a_store_is_known_as_its_own(images, tmp_path) -> None:
    store = make(images, tmp_path / "store")
    hidden = {".recording.lock"}
    assert {file.name for file in store.path.rglob("*") if file.is_file()} - hidden == {
        file.name for file in own_files(store.path)
    }


MINE = (
    "images/00.png",
    "parts/00000.png",
    "activations/notes.txt",
    "activations/.hidden.part",
    "maxima/old/00000.safetensors",
    "model.safetensors",
    "00000.safetensors",
    ".tmp/x",
    ".tmp_of_mine",
    "images/.tmpABC123",
    "shards/readme.json",
)


@pytest.mark.parametrize("how", ["resume", "overwrite"])
def test_what_else_lies_in_the_folder_stays(how, images, tmp_path) -> None:
    out = make(images, tmp_path / "store", **FEW).path
    sound = contents(out)
    for name in MINE:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("mine")
    for name in ("activations/.00001.safetensors.a1b2c3d4.part", "maxima/.tmpABC123"):
        (out / name).write_text("half")
    make(images, out, **FEW, **{how: True})
    assert [name for name in MINE if (out / name).read_text() != "mine"] == []
    now = contents(out)
    assert {name: now[name] for name in sound} == sound
    assert not list(out.rglob("*a1b2c3d4*"))
    assert not (out / "maxima" / ".tmpABC123").exists()


def test_images_in_the_folder_of_the_store_are_recorded_over_and_over(images, tmp_path) -> None:
    out = make(images, tmp_path / "store", **FEW).path
    sound = contents(out)
    inside = shutil.move(images, out / "activations" / "images")
    for how in ("resume", "overwrite"):
        make(inside, out, **FEW, **{how: True})
        now = contents(out)
        assert all(now[name] == sound[name] for name in sound if name.endswith(".safetensors"))


def test_a_store_among_the_images_is_not_taken_for_some(images, tmp_path) -> None:
    whole = make(images, tmp_path / "whole", **FEW)
    inside = make(images, images / "store", **FEW).path
    for how in ("resume", "overwrite"):
        make(images, inside, **FEW, **{how: True})
        assert contents(inside) == contents(whole.path)


def test_a_linked_store_and_a_linked_subfolder_are_replaced_where_they_lie(images, tmp_path):
    fresh = make(images, tmp_path / "fresh", **FEW, tokens="all")
    out = make(images, tmp_path / "store", **FEW).path
    (tmp_path / "big").mkdir()
    shutil.move(out / "activations", tmp_path / "big" / "activations")
    (out / "activations").symlink_to(tmp_path / "big" / "activations")
    (tmp_path / "link").symlink_to(out)
    store = make(images, tmp_path / "link", **FEW, tokens="all", overwrite=True)
    shutil.copytree(store.path, tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(fresh.path)
    assert (out / "activations").is_symlink()
    assert (tmp_path / "link").is_symlink()


class Killed(BaseException):
    pass


@pytest.mark.parametrize("then", ["resume", "overwrite"])
def test_an_overwrite_that_was_killed_at_any_moment_can_be_done_again(
    then, images, tmp_path, monkeypatch
) -> None:
    first, fresh = (make(images, tmp_path / name, **FEW) for name in ("first", "fresh"))
    unlink, reached = Path.unlink, 0
    for fatal in range(1, 30):
        out = tmp_path / f"store{fatal}"
        shutil.copytree(first.path, out)
        left = [fatal]

        def dies(path: Path, left: list[int] = left, **choices: bool) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            unlink(path, **choices)

        monkeypatch.setattr(Path, "unlink", dies)
        try:
            make(images, out, **FEW, overwrite=True)
        except Killed:
            reached = fatal
        monkeypatch.setattr(Path, "unlink", unlink)
        make(images, out, **FEW, **{then: True})
        assert contents(out) == contents(fresh.path)
    assert reached > len(own_files(first.path))


def test_a_recording_that_was_killed_at_once_is_no_obstacle(images, tmp_path) -> None:
    out = tmp_path / "store"
    out.mkdir()
    for name in (".recording.lock", ".recording.json", "images.csv", ".manifest.json.x1.part"):
        (out / name).write_text("")
    assert make(images, out, **FEW).verify().ok
    assert not (out / ".manifest.json.x1.part").exists()


@pytest.mark.parametrize("name", ["thesis.txt", "activations/00000.safetensors", ".bashrc"])
def test_a_folder_with_anything_else_is_not_taken_for_one(name, images, tmp_path) -> None:
    out = tmp_path / "store"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("years of work")
    (out / ".recording.lock").write_text("")
    for how in ("resume", "overwrite"):
        with pytest.raises(RunError, match="exists already"):
            make(images, out, **FEW, **{how: True})
    assert (out / name).read_text() == "years of work"


def test_what_cannot_be_removed_stops_an_overwrite(images, tmp_path, monkeypatch) -> None:
    out = make(images, tmp_path / "store", **FEW).path
    before = contents(out)

    def refused(path: Path, **_: bool) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        with pytest.raises(RunError, match=r"cannot remove the recording at .*Permission denied"):
            make(images, out, **FEW, overwrite=True)
    assert contents(out) == before


def test_an_overwrite_that_would_not_fit_leaves_the_old_store(images, tmp_path, monkeypatch):
    out = make(images, tmp_path / "store", sites=SITE, products=["statistics"]).path
    before = contents(out)
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(RunError, match="free"):
        make(images, out, overwrite=True)
    assert contents(out) == before


def test_a_folder_whose_name_tensor_files_cannot_have_is_refused(images, tmp_path) -> None:
    with pytest.raises(SettingError, match="is not UTF-8"):
        make(images, tmp_path / "\udcff" / "store")
    assert not (tmp_path / "\udcff").exists()


@pytest.mark.parametrize("how", ["resume", "overwrite"])
def test_a_store_is_not_recorded_into_itself(how, images, tmp_path) -> None:
    store = make(images, tmp_path / "store", **FEW)
    before = contents(store.path)
    (tmp_path / "link").symlink_to(store.path)
    for out in (store.path, tmp_path / "link"):
        with pytest.raises(SettingError, match="is the store that is read"):
            record(store, None, out, products=["statistics"], **{how: True})
    assert contents(store.path) == before


def test_a_store_that_appears_meanwhile_is_not_gone_on_with(images, tmp_path, monkeypatch) -> None:
    out, gather = tmp_path / "store", record_module.gather

    def meanwhile(*given):
        monkeypatch.setattr(record_module, "gather", gather)
        make(images, out, **FEW)
        return gather(*given)

    monkeypatch.setattr(record_module, "gather", meanwhile)
    with pytest.raises(RunError, match="holds a finished recording already"):
        make(images, out, **FEW)


def test_the_second_of_two_that_begin_at_once_leaves_the_firsts_lock(
    images, tmp_path, monkeypatch
) -> None:
    out, exists = tmp_path / "store", Path.exists
    with recording_lock(out), monkeypatch.context() as patch:
        patch.setattr(record_module, "check_free", lambda *_, **__: None)
        patch.setattr(Path, "exists", lambda path: path != out and exists(path))
        with pytest.raises(RunError, match="is being recorded by"):
            make(images, out, **FEW)
    assert (out / ".recording.lock").is_file()


def test_moving_to_another_folder_changes_nothing(images, tmp_path, monkeypatch) -> None:
    whole = make(images, tmp_path / "whole")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    moves = before_shard(1, lambda: os.chdir(tmp_path / "elsewhere"))
    store = make("images", "store", engine=moves)
    assert Path.cwd() == tmp_path / "elsewhere"
    assert contents(tmp_path / "store") == contents(whole.path)
    assert store.path == tmp_path / "store"
    assert not store.unreadable
    monkeypatch.chdir(tmp_path)
    store = ActivationStore("store")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert torch.equal(store[SITE][3], whole[SITE][3])
    assert store.verify().ok
    assert len(store.exemplars.crop(f"{SITE}:0")) > 0


def test_only_what_a_recording_could_not_go_on_without_waits_for_the_disk(
    images, tmp_path, monkeypatch
) -> None:
    forced, real = [], tensor_files._force

    def force(path: Path) -> None:
        forced.append(path.relative_to(tmp_path / "store").as_posix().rsplit(".", 2)[0])
        real(path)

    monkeypatch.setattr(tensor_files, "_force", force)
    make(images, tmp_path / "store", **FEW)
    assert set(forced) == {
        ".images.csv",
        ".manifest.json",
        "shards/.00000.json",
        "shards/.00001.json",
        "parts/.folded-00002.safetensors",
        ".statistics.safetensors",
    }
