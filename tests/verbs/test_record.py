"""`workbench record` and `workbench store`: from a folder of images to a store, and into it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from tests.recording.recordings import draw_pictures
from tests.recording.small_store import flip
from tests.verbs.test_verbs import data, model, refused, run

__all__ = ["data", "model"]

MLP = "blocks.*.mlp.hook_post"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return draw_pictures(tmp_path_factory.mktemp("images") / "photos", 6)


@pytest.fixture(scope="module")
def store(tmp_path_factory, model, images):
    from workbench import cli

    out = tmp_path_factory.mktemp("stores") / "photos.store"
    words = ["record", images, "--model", model, "--activation", "gelu", "--site", MLP]
    assert cli.main([str(word) for word in [*words, "--out", out]]) == 0
    return out


def test_it_says_what_it_needs_and_what_it_wrote(capsys, tmp_path, model, images):
    words = ["record", images, "--model", model, "--activation", "gelu", "--site", MLP]
    status, out, err = run(capsys, *words, "--out", tmp_path / "s")
    assert status == 0
    assert "6 images, all to be done" in err
    assert "disk: " in err
    assert "memory: about" in err
    assert "images/s" in err
    assert "6 images" in out
    assert "statistics, exemplars, maxima, activations" in out


def test_the_masks_of_a_data_set_are_not_recorded(capsys, tmp_path, model, data):
    words = ["record", data, "--model", model, "--activation", "gelu", "--products", "statistics"]
    status, out, _ = run(capsys, *words, "--out", tmp_path / "s", "--json")
    images = len([p for p in data.rglob("*.png") if "ground_truth" not in p.parts])
    assert status == 0
    assert json.loads(out)["images"] == images


def test_unreadable_images_are_listed_at_the_end(capsys, tmp_path, model, images):
    shutil.copytree(images, tmp_path / "photos")
    (tmp_path / "photos" / "02.png").write_bytes(b"")
    words = ["record", tmp_path / "photos", "--model", model, "--activation", "gelu"]
    status, out, _ = run(capsys, *words, "--out", tmp_path / "s")
    assert status == 0
    assert "1 image could not be read and was left out" in out
    assert "02.png" in out
    status, _, err = run(capsys, *words, "--out", tmp_path / "t", "--strict")
    assert status == 2
    assert "02.png" in err.splitlines()[-1]


def test_it_resumes_and_refuses_like_the_function(capsys, store, model, images):
    words = ["record", images, "--model", model, "--activation", "gelu", "--out", store]
    assert "--resume" in refused(capsys, *words, "--site", MLP)
    status, _, err = run(capsys, *words, "--site", MLP, "--resume")
    assert status == 0
    assert "0 still to be done" in err
    assert "the sites" in refused(capsys, *words, "--resume")
    assert "--engine ray" in refused(capsys, *words, "--ray-address", "auto")


def test_a_store_can_be_recorded_from_anew(capsys, tmp_path, store):
    words = ["record", store, "--out", tmp_path / "s", "--products", "exemplars", "--k", 3]
    status, out, _ = run(capsys, *words, "--site", "blocks.1.mlp.hook_post", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["products"] == ["exemplars"]
    assert list(found["sites"]) == ["blocks.1.mlp.hook_post"]


def test_info_says_what_a_store_holds(capsys, store):
    status, out, _ = run(capsys, "store", "info", store)
    assert status == 0
    assert "blocks.1.mlp.hook_post (128 neurons)" in out
    status, out, _ = run(capsys, "store", "info", store, "--json")
    assert json.loads(out)["status"] == "complete"


def test_verify_names_a_harmed_file_and_fails(capsys, tmp_path, store):
    status, out, _ = run(capsys, "store", "verify", store)
    assert (status, "all as they were written" in out) == (0, True)
    harmed = tmp_path / "harmed.store"
    shutil.copytree(store, harmed)
    flip(harmed / "maxima" / "00000.safetensors", -1)
    status, out, _ = run(capsys, "store", "verify", harmed)
    assert (status, "maxima/00000.safetensors" in out) == (1, True)
    status, out, _ = run(capsys, "store", "verify", harmed, "--json")
    assert (status, json.loads(out)["problems"] != []) == (1, True)


def test_a_sheet_is_drawn(capsys, tmp_path, store):
    out = tmp_path / "sheet.png"
    status, _, _ = run(capsys, "store", "sheet", store, "--out", out, "--most", 4)
    assert status == 0
    with Image.open(out) as sheet:
        assert sheet.width > 300
    neuron = ["--neuron", "blocks.1.mlp.hook_post:5"]
    status, _, _ = run(capsys, "store", "sheet", store, *neuron, "--bottom", "--out", out)
    assert status == 0


def test_bad_input_gets_one_clear_message(capsys, tmp_path, store):
    assert "is not a store" in refused(capsys, "store", "info", tmp_path)
    assert "--out" in refused(capsys, "store", "sheet", store)
    sheet = ["store", "sheet", store, "--out", tmp_path / "s.png", "--neuron"]
    assert "SITE:INDEX" in refused(capsys, *sheet, "17")
    assert "128" in refused(capsys, *sheet, "blocks.1.mlp.hook_post:900")
    assert "cannot write" in refused(
        capsys, "store", "sheet", store, "--out", tmp_path / "no" / "s.png"
    )
    assert "cannot write" in refused(capsys, "store", "sheet", store, "--out", tmp_path / "s.xyz")


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_an_interrupted_recording_says_how_to_go_on(tmp_path, model):
    images = draw_pictures(tmp_path / "photos", 600)
    out = tmp_path / "s"
    words = [images, "--model", model, "--activation", "gelu", "--images-per-shard", "2"]
    command = [sys.executable, "-m", "workbench.cli", "record", *words, "--out", out]
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE)
    while not list(out.glob("shards/*.json")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "--resume goes on with it" in said.decode()
    assert not list(out.rglob(".*.part"))
    assert list(out.glob("shards/*.json"))
