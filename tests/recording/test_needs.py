"""What a recording is said to need is what it takes; where there is less, it does not begin."""

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.recording.recordings import draw_pictures, make
from tests.recording.small_store import make_plan
from tests.tiny import tiny_model
from workbench.clip.cost import cost
from workbench.errors import RunError
from workbench.recording import needs as room
from workbench.recording.needs import (
    Needs,
    check_disk,
    choose_batch_size,
    choose_images_per_shard,
    cost_of,
    needs,
)
from workbench.recording.plan import ImageEntry

Usage = namedtuple("Usage", "total used free")


def entries(number: int) -> list[ImageEntry]:
    return [ImageEntry(f"{index:05}.png", None, 9, "ab", 16, 16) for index in range(number)]


def size_of(folder: Path, *patterns: str) -> int:
    return sum(path.stat().st_size for pattern in patterns for path in folder.glob(pattern))


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
@pytest.mark.parametrize("tokens", ["patches", "cls", "all"])
def test_the_files_have_the_sizes_that_were_foretold(tmp_path, dtype, tokens) -> None:
    images = draw_pictures(tmp_path / "images", 12)
    store = make(images, tmp_path / "store", dtype=dtype, tokens=tokens)
    foretold = needs(store.plan).disk_bytes
    activations = size_of(store.path, "activations/*")
    small = 0.12 if tokens == "cls" else 0.02  # headers weigh more in files of a few kilobytes
    assert foretold["activations"] == pytest.approx(activations, rel=small)
    assert foretold["maxima"] == pytest.approx(size_of(store.path, "maxima/*"), rel=0.1)
    for product in ("statistics", "exemplars"):
        assert foretold[product] == pytest.approx(size_of(store.path, f"{product}.s*"), rel=0.1)
    assert foretold["quantiles"] >= size_of(store.path, "quantiles.s*")
    assert foretold["lists"] >= size_of(store.path, "images.csv", "manifest.json")


def test_raw_activations_are_foretold_within_a_hundredth(tmp_path) -> None:
    images = draw_pictures(tmp_path / "images", 40)
    store = make(images, tmp_path / "store", products=["activations"], images_per_shard=20)
    foretold = needs(store.plan).disk_bytes
    assert set(foretold) == {"activations", "lists"}
    taken = size_of(store.path, "activations/*")
    assert foretold["activations"] == pytest.approx(taken, rel=0.01)


def test_a_part_that_waits_to_be_merged_is_foretold(tmp_path, monkeypatch) -> None:
    largest: list[int] = []
    monkeypatch.setattr(
        "workbench.recording.fold.Fold.advance",
        lambda fold, done: largest.append(size_of(fold.folder, "parts/*.safetensors")),
    )
    images = draw_pictures(tmp_path / "images", 12)
    store = make(images, tmp_path / "store", products=["statistics", "exemplars"])
    assert len(store.plan.shards) == 3
    assert 0.5 < max(largest) / needs(store.plan).disk_bytes["parts"] < 1


def test_the_tower_of_a_plan_costs_what_the_model_does(tmp_path) -> None:
    model = tiny_model()
    images = draw_pictures(tmp_path / "images", 2)
    store = make(images, tmp_path / "store", model=model, products=["statistics"])
    told, known = cost_of(store.plan), cost(model)
    assert told.activation_bytes(16) == known.activation_bytes(16)
    assert told.image_parameters == pytest.approx(known.image_parameters, rel=0.05)


def test_memory_holds_one_shard_however_many_images_there_are() -> None:
    plan = make_plan(entries(30), products=("statistics", "maxima", "activations"))
    few, many = needs(plan), needs(replace(plan, images=tuple(entries(3000))))
    assert few.memory_bytes == many.memory_bytes
    assert few.memory_bytes["shard"] == 3 * 64 * (17 * 4 + 2 * 4)
    assert many.disk > 50 * few.disk_bytes["activations"]


def test_it_is_said_in_words() -> None:
    plan = make_plan(entries(1000), products=("statistics", "activations"))
    disk, memory = needs(plan).lines()
    assert disk.startswith("disk: 4.9 MB (statistics 4.5 kB, activations 4.5 MB, lists 404 kB), ")
    assert disk.endswith(" meanwhile")
    assert memory.startswith("memory: about ")
    assert "forward" in memory
    assert "shard" in memory


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - size, size))


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    need = Needs({"activations": 2_000_000, "maxima": 500_000}, {})
    out = tmp_path / "not" / "there" / "store"
    free(monkeypatch, 2_500_000)
    check_disk(need, out)
    free(monkeypatch, 2_499_999)
    check_disk(need, out, already=1)
    with pytest.raises(RunError) as refused:
        check_disk(need, out)
    said = str(refused.value)
    assert "needs 2.5 MB (activations 2.0 MB, maxima 500 kB)" in said
    assert f"{tmp_path} has 2.5 MB free" in said
    assert "--dtype fp16" in said
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_does_not_fit_leaves_nothing(tmp_path, monkeypatch) -> None:
    images = draw_pictures(tmp_path / "images", 3)
    free(monkeypatch, 10_000)
    with pytest.raises(RunError, match=r"10\.0 kB free\. Nothing was written"):
        make(images, tmp_path / "store")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("batches_that_fit", "chosen"), [(0.1, 1), (1, 1), (3.9, 2), (4, 4), (15, 8), (1000, 16)]
)
def test_the_batch_is_the_largest_power_of_two_that_fits(monkeypatch, batches_that_fit, chosen):
    model = tiny_model(width=128, layers=1, patch_size=2)
    one = cost(model).activation_bytes(8) / 8
    monkeypatch.setattr(room, "free_memory", lambda _: int(4 * batches_that_fit * one))
    assert choose_batch_size(model) == chosen


def test_free_memory_is_within_what_the_machine_has() -> None:
    assert 2**24 < room.free_memory(torch.device("cpu")) < 2**46


def test_a_containers_limit_counts_and_buffered_files_do_not(tmp_path, monkeypatch) -> None:
    for name, text in (
        ("memory.max", "1000\n"),
        ("memory.current", "900\n"),
        ("memory.stat", "anon 300\ninactive_file 400\nactive_file 200\n"),
    ):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(room, "_GROUP", tmp_path)
    assert room._allowed() == 700
    (tmp_path / "memory.max").write_text("max\n")
    assert room._allowed() == 2**63
    monkeypatch.setattr(room, "_GROUP", tmp_path / "nowhere")
    assert room._allowed() == 2**63


@given(
    width=st.integers(1, 300_000),
    patches=st.integers(1, 2000),
    batch_size=st.integers(1, 256),
    dtype=st.sampled_from(["fp32", "fp16"]),
    tokens=st.sampled_from(["patches", "cls", "all"]),
    products=st.sets(st.sampled_from(["statistics", "maxima", "activations"]), min_size=1),
)
def test_a_shard_is_whole_batches_and_fits_its_bounds(
    width, patches, batch_size, dtype, tokens, products
) -> None:
    chosen = choose_images_per_shard(
        {"a": width},
        patches,
        products=tuple(products),
        tokens=tokens,
        dtype=dtype,
        batch_size=batch_size,
    )
    assert chosen % batch_size == 0
    assert batch_size <= chosen <= 1024
    number = {"patches": patches, "cls": 1, "all": patches + 1}[tokens]
    image = 0
    if "activations" in products:
        image += number * width * (4 if dtype == "fp32" else 2)
    else:
        assert chosen >= 128
    if "maxima" in products:
        image += 4 * width
    fewest = batch_size if "activations" in products else 128 + batch_size
    assert chosen <= fewest or chosen * image <= room.TARGET_BYTES
    larger = chosen + batch_size
    assert larger > 1024 or larger * image > room.TARGET_BYTES
