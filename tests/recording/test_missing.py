"""Repairing a store: only what is harmed is done again, and it fits what stays."""

import os
import shutil

import pytest

from tests.recording.recordings import before_shard, contents, draw_pictures, make, stop
from tests.recording.small_store import flip
from workbench.errors import DataError, RunError
from workbench.recording import shard as shard_module
from workbench.recording.store import ActivationStore

SITE = "blocks.1.hook_resid_post"


@pytest.fixture
def images(tmp_path):
    return draw_pictures(tmp_path / "images")


def test_a_repair_that_was_interrupted_does_not_begin_anew(images, tmp_path, monkeypatch) -> None:
    store = make(images, tmp_path / "store")
    sound = contents(store.path)
    flip(store.path / "statistics.safetensors", -1)
    with pytest.raises(KeyboardInterrupt):
        make(images, store.path, resume=True, engine=before_shard(2, stop))
    done, real = [], shard_module.write_marker
    monkeypatch.setattr(
        shard_module, "write_marker", lambda folder, r: (done.append(r.index), real(folder, r))
    )
    make(images, store.path, resume=True)
    assert done == [2]
    assert contents(store.path) == sound


@pytest.mark.parametrize("name", ["maxima/00002.safetensors", "statistics.safetensors"])
def test_an_image_that_was_left_out_and_is_back_stays_out_of_everything(
    name, images, tmp_path
) -> None:
    kept = (images / "09.png").read_bytes()
    store = make(images, tmp_path / "store", engine=before_shard(2, (images / "09.png").unlink))
    (images / "09.png").write_bytes(kept)
    sound = contents(store.path)
    flip(store.path / name, -1)
    again = make(images, store.path, resume=True)
    assert contents(store.path) == sound
    assert list(again.unreadable) == [9]
    with pytest.raises(DataError, match=r"09\.png"):
        again[SITE][9]


def test_an_image_that_goes_during_a_repair_is_not_left_out_of_a_part_only(images, tmp_path):
    store = make(images, tmp_path / "store")
    sound, kept = contents(store.path), (images / "09.png").read_bytes()
    flip(store.path / "maxima" / "00002.safetensors", -1)
    goes = before_shard(2, (images / "09.png").unlink)
    with pytest.raises(DataError, match=r"09\.png: .*disappeared.*Put it back"):
        make(images, store.path, resume=True, engine=goes)
    assert not ActivationStore(store.path).unreadable
    (images / "09.png").write_bytes(kept)
    make(images, store.path, resume=True)
    assert contents(store.path) == sound


@pytest.mark.parametrize("harm", ["torn", "gone"])
@pytest.mark.parametrize("state", ["unfinished", "complete"])
def test_a_harmed_image_list_is_written_anew(harm, state, images, tmp_path) -> None:
    whole, out = contents(make(images, tmp_path / "whole").path), tmp_path / "store"
    if state == "complete":
        make(images, out)
    else:
        with pytest.raises(KeyboardInterrupt):
            make(images, out, engine=before_shard(1, stop))
    if harm == "torn":
        os.truncate(out / "images.csv", 100)
    else:
        (out / "images.csv").unlink()
    with pytest.raises(RunError, match=r"images\.csv.*--resume"):
        _ = ActivationStore(out).images
    make(images, out, resume=True)
    assert contents(out) == whole


def test_a_harmed_image_list_of_other_images_is_not(images, tmp_path) -> None:
    out = make(images, tmp_path / "store").path
    os.truncate(out / "images.csv", 100)
    (images / "03.png").unlink()
    with pytest.raises(RunError, match=r"images\.csv has 100 bytes"):
        make(images, out, resume=True)
    assert (out / "images.csv").stat().st_size == 100


def test_a_harmed_image_list_comes_back_where_the_images_are_now(images, tmp_path) -> None:
    out = make(images, tmp_path / "store").path
    moved = shutil.move(images, tmp_path / "moved")
    os.truncate(out / "images.csv", 100)
    store = make(moved, out, resume=True)
    assert store.pictures[0].path == tmp_path / "moved" / "00.png"
    assert store.verify().ok
