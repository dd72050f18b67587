"""Every way in which a recording can be cut short or harmed, and what `resume` makes of it."""

import os
import random
import subprocess
import sys
import time
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch

from tests.recording.recordings import before_shard, contents, draw_pictures, make, stop
from tests.recording.small_store import flip
from tests.tiny import tiny_model
from workbench.errors import DataError, RunError
from workbench.recording import shard as shard_module
from workbench.recording.store import ActivationStore

ROOT = Path(__file__).resolve().parents[2]
SITE = "blocks.1.hook_resid_post"


pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


@pytest.fixture
def images(tmp_path):
    return draw_pictures(tmp_path / "images")


@pytest.mark.parametrize("number", [1, 2])
def test_an_interrupted_recording_ends_in_the_bytes_of_an_undisturbed_one(number, images, tmp_path):
    whole = make(images, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        make(images, tmp_path / "store", engine=before_shard(number, stop))
    half = ActivationStore(tmp_path / "store")
    assert not half.complete
    assert len(half.manifest.shards) == number
    done = []
    store = make(images, half.path, resume=True, engine=before_shard(0, lambda: done.append(0)))
    assert not done
    assert contents(store.path) == contents(whole.path)


def test_a_recording_that_ends_before_its_first_shard_leaves_nothing(images, tmp_path):
    out = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        make(images, out, engine=before_shard(0, stop))
    assert not out.exists()
    make(images, out, resume=True)
    with pytest.raises(KeyboardInterrupt):
        make(images, out, overwrite=True, engine=before_shard(0, stop))
    make(images, out)


def test_what_is_recorded_so_far_can_be_read(images, tmp_path):
    whole = make(images, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        make(images, tmp_path / "store", engine=before_shard(1, stop))
    half = ActivationStore(tmp_path / "store")
    assert torch.equal(half[SITE][2], whole[SITE][2])
    with pytest.raises((DataError, RunError), match="resume"):
        half[SITE][7]
    with pytest.raises(RunError, match="resume"):
        _ = half.statistics


def one_by_one(images: Path, out: Path) -> ActivationStore:
    return make(images, out, resume=True, images_per_shard=1, batch_size=1)


def start(images: Path, out: Path) -> BaseProcess:
    """Begin or go on in another process; forked, so that it need not load everything again."""
    process = get_context("fork").Process(target=one_by_one, args=(images, out))
    process.start()
    return process


def finished_shards(out: Path) -> list[str]:
    return sorted(file.name for file in (out / "shards").glob("*.json"))


def test_kill_9_at_random_moments_then_resume_gives_the_same_bytes(tmp_path):
    images = draw_pictures(tmp_path / "images", 24)
    out, moments = tmp_path / "store", random.Random(4)
    whole = make(images, tmp_path / "whole", images_per_shard=1, batch_size=1)
    seen = []
    for _ in range(4):
        process = start(images, out)
        target = len(finished_shards(out)) + moments.randrange(1, 5)
        while len(finished_shards(out)) < target and process.is_alive():
            time.sleep(0.001)
        time.sleep(moments.random() * 0.02)
        process.kill()
        process.join()
        seen.append(len(finished_shards(out)))
    assert 0 < seen[0] < 24, "the first kill must come in mid-run"
    assert seen == sorted(seen), "a finished shard was lost"
    one_by_one(images, out)
    assert contents(out) == contents(whole.path)


def test_a_killed_recording_repeats_at_most_one_shard(tmp_path, monkeypatch):
    images = draw_pictures(tmp_path / "images", 24)
    out = tmp_path / "store"
    process = start(images, out)
    while len(finished_shards(out)) < 5 and process.is_alive():
        time.sleep(0.001)
    process.kill()
    process.join()
    written = {file.name for file in (out / "activations").glob("[0-9]*")}
    worked_on = []
    real = shard_module.write_marker
    monkeypatch.setattr(
        shard_module, "write_marker", lambda folder, r: (worked_on.append(r.index), real(folder, r))
    )
    one_by_one(images, out)
    repeated = [index for index in worked_on if f"{index:05}.safetensors" in written]
    assert len(repeated) <= 1
    assert len(worked_on) <= 24 - len(written) + 1


@pytest.mark.parametrize("harm", ["a flipped bit", "a short file", "a missing file"])
@pytest.mark.parametrize(
    "name", ["activations/00001.safetensors", "maxima/00002.safetensors", "statistics.safetensors"]
)
def test_a_harmed_file_is_named_and_resume_rewrites_only_it(harm, name, images, tmp_path):
    store = make(images, tmp_path / "store")
    sound = contents(store.path)
    file = store.path / name
    if harm == "a flipped bit":
        flip(file, -9)
    elif harm == "a short file":
        os.truncate(file, 100)
    else:
        file.unlink()
    found = ActivationStore(store.path).verify()
    assert not found.ok
    assert [problem for problem in found.problems if name in str(problem)]
    times = {path: path.stat().st_mtime_ns for path in store.path.rglob("*.safetensors")}
    again = make(images, store.path, resume=True)
    assert contents(again.path) == sound
    assert again.verify().ok
    rewritten = {
        path.relative_to(store.path).as_posix()
        for path, before in times.items()
        if path.exists() and path.stat().st_mtime_ns != before
    }
    merged = {"statistics.safetensors", "quantiles.safetensors", "exemplars.safetensors"}
    assert rewritten <= ({name} | merged if name in merged else {name})


def test_reading_a_harmed_image_raises_and_the_others_are_still_read(images, tmp_path):
    store = make(images, tmp_path / "store", sites=SITE, products=["activations"])
    whole = store[SITE][:].clone()
    raw = whole[5].numpy().tobytes()
    file = store.path / "activations" / "00001.safetensors"
    flip(file, file.read_bytes().index(raw) + 50)
    harmed = ActivationStore(store.path)
    with pytest.raises(RunError, match=r"00001\.safetensors"):
        harmed[SITE][5]
    assert torch.equal(harmed[SITE][4], whole[4])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sites": [SITE]}, "the sites: now without blocks.0.mlp.hook_post"),
        ({"products": ["statistics"]}, "the products: now without quantiles"),
        ({"dtype": "fp16"}, "fp32 before, fp16 now"),
        ({"tokens": "all"}, "the tokens: patches before, all now"),
        ({"k": 6}, "the number of exemplars: 5 before, 6 now"),
        ({"model": tiny_model(seed=1)}, "the weights: sha256:"),
    ],
)
def test_another_recording_does_not_go_on_and_the_difference_is_named(
    change, message, images, tmp_path
):
    out = make(images, tmp_path / "store").path
    before = contents(out)
    with pytest.raises(RunError, match=message):
        make(images, out, resume=True, **change)
    assert contents(out) == before


def test_changed_and_new_images_are_named(images, tmp_path):
    out = make(images, tmp_path / "store").path
    draw_pictures(images, 1, seed=9)
    with pytest.raises(RunError, match=r"1 image has other contents: 00\.png"):
        make(images, out, resume=True)
    draw_pictures(images, 11)
    with pytest.raises(RunError, match=r"new: 10\.png"):
        make(images, out, resume=True)


def test_batch_and_shard_size_of_a_store_are_kept_on_resume(images, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        make(images, tmp_path / "store", engine=before_shard(1, stop))
    store = make(images, tmp_path / "store", resume=True, batch_size=3, images_per_shard=7)
    assert (store.plan.batch_size, store.plan.images_per_shard) == (2, 4)


@pytest.mark.parametrize("fate", ["disappears", "changes"])
def test_an_image_that_goes_or_changes_during_the_run_is_left_out_and_named(fate, images, tmp_path):
    def act() -> None:
        if fate == "disappears":
            (images / "09.png").unlink()
        else:
            (images / "09.png").write_bytes((images / "00.png").read_bytes())

    store = make(images, tmp_path / "store", engine=before_shard(2, act))
    assert list(store.unreadable) == [9]
    assert ("disappeared" if fate == "disappears" else "changed") in store.unreadable[9]
    assert store.statistics[SITE].count == 9 * 16


def test_out_of_memory_goes_on_in_smaller_pieces_and_the_manifest_says_so(images, tmp_path):
    whole = make(images, tmp_path / "whole", batch_size=4)
    model = tiny_model()
    visit, asked = model.visit, []

    def small(x, names, look, **more):
        asked.append(len(x))

        def look_until_full(site, value):
            look(site, value)
            if len(x) > 2 and site == "blocks.1.mlp.hook_post":  # some sites are fed already
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

        visit(x, names, look_until_full, **more)

    model.visit = small
    store = make(images, tmp_path / "store", batch_size=4, model=model)
    assert asked == [4, 2, 2, 4, 2, 2, 2]  # every shard tries anew
    assert any("out of memory: 2 images at a time" in event for event in store.manifest.events)
    assert store.statistics[SITE].count == 10 * 16
    for site in store.sites:
        assert torch.allclose(store[site][:], whole[site][:], atol=1e-5)
        a, b = store.statistics[site], whole.statistics[site]
        assert torch.allclose(torch.tensor(a.mean), torch.tensor(b.mean), atol=1e-5)
        assert a.count == b.count


def test_what_did_not_fit_is_not_tried_again_in_the_same_shard(images, tmp_path):
    model = tiny_model()
    visit, asked = model.visit, []

    def small(x, names, look, **more):
        asked.append(len(x))
        if len(x) > (3 if len(asked) < 4 else 1):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
        visit(x, names, look, **more)

    model.visit = small
    store = make(images, tmp_path / "store", batch_size=4, images_per_shard=12, model=model)
    assert asked == [4, 2, 2, 2, 1, 1, 1, 1, 1, 1]
    assert store.manifest.events == ("shard 0: out of memory: 1 images at a time instead of 4",)
    assert store.statistics[SITE].count == 10 * 16


def test_one_image_that_does_not_fit_is_an_error_that_says_what_to_do(images, tmp_path):
    model = tiny_model()

    def full(*_args, **_more):
        raise RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"
        )

    model.visit = full
    with pytest.raises(RunError, match="one image at a time is already too much"):
        make(images, tmp_path / "store", model=model)


def test_a_full_disk_names_the_path_keeps_what_is_done_and_resume_finishes(
    images, tmp_path, monkeypatch
):
    from workbench.recording import tensor_files

    whole = make(images, tmp_path / "whole")
    real = tensor_files.save_file

    def full(tensors, path, *more, **kw):
        real(tensors, path, *more, **kw)
        if "00002" in str(path):
            os.truncate(path, 64)
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tensor_files, "save_file", full)
    with pytest.raises(RunError, match=r"00002.*No space left on device"):
        make(images, tmp_path / "store")
    monkeypatch.setattr(tensor_files, "save_file", real)
    out = tmp_path / "store"
    assert not list(out.rglob("*.part"))
    assert len(finished_shards(out)) == 2
    assert contents(make(images, out, resume=True).path) == contents(whole.path)


def test_a_second_recorder_is_refused_with_the_first_ones_process_named(images, tmp_path):
    out = tmp_path / "store"

    def another() -> None:
        code = f"make(Path({str(images)!r}), Path({str(out)!r}), resume=True)"
        code = f"from pathlib import Path; from tests.recording.recordings import make; {code}"
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False
        )
        assert ran.returncode == 1
        assert f"process {os.getpid()}" in ran.stderr.decode()
        assert "is being recorded by" in ran.stderr.decode()

    store = make(images, out, engine=before_shard(1, another))
    assert store.verify().ok
