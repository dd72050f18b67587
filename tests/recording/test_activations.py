"""Activations come back as they were seen, image by image, each verified on its own."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.recording.small_store import (
    HEADS,
    RESID,
    draw,
    flip,
    make_plan,
    small_store,
    values_of,
    write_shard,
)
from workbench.errors import DataError, RunError, SettingError, SiteError
from workbench.recording.activations import Activations, Buffers
from workbench.recording.manifest import file_name, start_recording
from workbench.recording.plan import DTYPES, survey_images
from workbench.recording.seen import Seen
from workbench.recording.store import open_store


@given(cuts=st.lists(st.integers(1, 9), unique=True), skip=st.integers(0, 9))
def test_the_state_does_not_depend_on_how_a_shard_is_cut(cuts, skip) -> None:
    values = torch.randn(10, 5, 3, generator=torch.Generator().manual_seed(1))
    gathered = Activations({"s": 3}, "all", "fp16", 20, 30, 5)
    edges = [0, *sorted(cuts), 10]
    for start, stop in pairwise(edges):
        rows = [row for row in range(start, stop) if row != skip]
        if rows:
            gathered.update(Seen("s", tuple(row + 20 for row in rows), values[rows]))
    expected = values.half()
    expected[skip] = 0
    assert torch.equal(gathered.state()["s/values"], expected)
    assert len(set(gathered.state()["s/xxh3"].tolist())) == 10


def test_what_the_shard_before_left_in_memory_does_not_show() -> None:
    buffers, noise = Buffers(), torch.Generator().manual_seed(2)
    for dtype, images in (("fp32", 6), ("fp32", 4), ("fp16", 5), ("bf16", 5), ("fp32", 9)):
        values = torch.randn(images, 5, 3, generator=noise)
        found = []
        for memory in (None, buffers):
            gathered = Activations({"s": 3, "t": 3}, "all", dtype, 0, images, 5, memory)
            gathered.update(Seen("s", (1, 2), values[1:3]))
            gathered.update(Seen("t", (0, 3), values[[0, 3]]))
            with pytest.raises(
                (RuntimeError, ValueError)
            ):  # half a batch, as when the memory gives out
                gathered.update(Seen("t", (1, 2), values[:2, :, :2]))
            found.append({name: tensor.clone() for name, tensor in gathered.state().items()})
        assert all(torch.equal(found[0][name], value) for name, value in found[1].items())
        assert not found[1]["t/values"][1:3].any()


def test_memory_is_used_again() -> None:
    buffers = Buffers()
    first = buffers.of("s", (4, 3), torch.float32)
    assert buffers.of("s", (2, 5), torch.float32).data_ptr() == first.data_ptr()
    assert buffers.of("t", (4, 3), torch.float32).data_ptr() != first.data_ptr()


@pytest.mark.parametrize("stored", ["fp32", "fp16", "bf16"])
@pytest.mark.parametrize("computed", ["float32", "float16", "bfloat16", "float64"])
def test_values_of_every_number_format_are_stored_as_torch_converts_them(computed, stored) -> None:
    values = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(3))
    values = values.to(getattr(torch, computed))
    gathered = Activations({"s": 4}, "patches", stored, 0, 3, 5)
    gathered.update(Seen("s", (0, 1, 2), values))
    found = gathered.state()["s/values"]
    assert torch.equal(found, values[:, 1:].to(DTYPES[stored]))


@pytest.mark.parametrize(("tokens", "kept"), [("patches", 4), ("cls", 1), ("all", 5)])
def test_only_the_tokens_asked_for_are_kept(tokens, kept) -> None:
    values = torch.arange(10.0).view(2, 5, 1)
    gathered = Activations({"s": 1}, tokens, "fp32", 0, 2, 5)
    gathered.update(Seen("s", (0, 1), values))
    found = gathered.state()["s/values"]
    assert found.shape == (2, kept, 1)
    assert found[0, 0, 0] == (1 if tokens == "patches" else 0)


@given(
    value=st.floats(allow_nan=False, allow_infinity=False, width=32),
    dtype=st.sampled_from(["fp16", "bf16", "fp32"]),
)
def test_a_value_is_refused_exactly_where_it_would_become_infinite(value, dtype) -> None:
    gathered = Activations({"s": 2}, "all", dtype, 0, 1, 1)
    seen = Seen("s", (0,), torch.tensor([[[0.0, value]]]))
    stored = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}[dtype]
    if torch.tensor(value).to(stored).isfinite():
        gathered.update(seen)
        assert gathered.state()["s/values"][0, 0, 1] == torch.tensor(value).to(stored)
    else:
        with pytest.raises(SettingError, match=rf"at s does not fit {dtype}"):
            gathered.update(seen)
        assert not gathered.state()["s/values"].any()


@pytest.mark.parametrize("value", [65520.0, -65520.0, 1e30])
def test_the_edge_of_half_precision_is_told_with_the_remedy(value) -> None:
    gathered = Activations({"s": 1}, "all", "fp16", 0, 1, 2)
    with pytest.raises(SettingError, match=r"65504\. Record with --dtype bf16 or fp32"):
        gathered.update(Seen("s", (0,), torch.tensor([[[1.0], [value]]])))
    gathered.update(Seen("s", (0,), torch.tensor([[[-65519.0], [65519.0]]])))
    assert gathered.state()["s/values"].flatten().tolist() == [-65504.0, 65504.0]


def test_double_precision_that_does_not_fit_is_refused() -> None:
    gathered = Activations({"s": 1}, "all", "fp32", 0, 1, 1)
    with pytest.raises(SettingError, match="does not fit fp32"):
        gathered.update(Seen("s", (0,), torch.tensor([[[1e39]]], dtype=torch.float64)))


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [("fp32", torch.float32), ("fp16", torch.float16), ("bf16", torch.bfloat16)],
)
def test_images_are_read_by_index_slice_and_list(tmp_path, dtype, stored) -> None:
    folder, _, values = small_store(tmp_path, dtype=dtype)
    site, expected = open_store(folder)[HEADS], values[HEADS].to(stored)
    assert (site.shape, len(site), site.dtype) == ((7, 17, 32), 7, stored)
    for index in (0, 2, 3, 6, -1, -7, np.int64(4), torch.tensor(5)):
        assert torch.equal(site[index], expected[int(index)])
    for part in (slice(1, 5), slice(None), slice(-2, None), slice(5, 1, -2), slice(3, 3)):
        chosen = list(range(7))[part]
        assert torch.equal(site[part], expected[chosen])
    for several in ([1, 5], (6, 0, 6), np.array([2, -1]), torch.tensor([3]), []):
        assert torch.equal(site[several], expected[[int(at) for at in several]])
    assert torch.equal(torch.stack(list(site)), expected)


def test_what_is_read_is_a_copy_that_may_be_changed(tmp_path) -> None:
    folder, _, values = small_store(tmp_path)
    site = open_store(folder)[RESID]
    site[2].zero_()
    assert torch.equal(site[2], values[RESID][2])


def test_images_that_are_not_there_are_refused(tmp_path) -> None:
    folder, *_ = small_store(tmp_path)
    site = open_store(folder)[RESID]
    for wrong in (7, -8, [0, 7]):
        with pytest.raises(DataError, match=r"there is no image -?[78] in this store"):
            site[wrong]
    with pytest.raises(SettingError, match="list of indices"):
        site[np.ones(7, bool)]
    with pytest.raises(SettingError, match="list of indices"):
        site[np.array([0.5])]
    with pytest.raises(SiteError, match=r"was not recorded.*blocks\.0"):
        open_store(folder)["blocks.2.hook_resid_post"]


def test_batches_pass_over_unreadable_images_and_an_index_says_why(tmp_path) -> None:
    folder, _, values = small_store(tmp_path, unreadable={1: "cut short", 6: "gone"})
    site = open_store(folder)[RESID]
    seen = list(site.batches(2))
    assert [indices for indices, _ in seen] == [(0, 2), (3, 4), (5,)]
    assert all(torch.equal(found, values[RESID][list(at)]) for at, found in seen)
    for wanted in (1, slice(0, 3), [6]):
        with pytest.raises(DataError, match=r"image [16] \(0[16]\.png\).*(cut short|gone)"):
            site[wanted]
    with pytest.raises(SettingError, match="batch size is 0"):
        list(site.batches(0))


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_one_neuron_over_all_images(tmp_path, dtype) -> None:
    folder, _, values = small_store(tmp_path, dtype=dtype, unreadable={4: "gone"})
    store = open_store(folder)
    found = store[RESID].neuron(9)
    expected = values[RESID].to(store[RESID].dtype)[:, :, 9].float()
    expected[4] = torch.nan
    assert torch.equal(found.isnan(), expected.isnan())
    assert torch.equal(found.nan_to_num(), expected.nan_to_num())
    with pytest.raises(SettingError, match="neurons are 0 to 31"):
        store[RESID].neuron(32)


def last_values(path: Path) -> int:
    """Return the position of the file's last byte, part of the last image's values."""
    return path.stat().st_size - 1


def test_a_flipped_bit_is_noticed_where_it_is_and_only_there(tmp_path) -> None:
    folder, _, values = small_store(tmp_path)
    path = folder / file_name("activations", 0)
    flip(path, last_values(path))
    store = open_store(folder)
    # the last site of the file, its last image
    with pytest.raises(
        RunError, match=r"00000\.safetensors is damaged: image 2 .*store verify.*--resume"
    ):
        store[HEADS][2]
    with pytest.raises(RunError, match="image 2"):
        store[HEADS].neuron(0)
    assert torch.equal(store[HEADS][1], values[HEADS][1])
    assert torch.equal(store[RESID][2], values[RESID][2])


def test_an_image_is_read_from_a_file_whose_rest_is_gone(tmp_path) -> None:
    folder, _, values = small_store(tmp_path)
    path = folder / file_name("activations", 1)
    os.truncate(path, path.stat().st_size - 17 * 32 * 4)
    store = open_store(folder)
    assert torch.equal(store[HEADS][4], values[HEADS][4])
    with pytest.raises(RunError, match=r"00001\.safetensors has .* bytes only and was cut short"):
        store[HEADS][5]
    path.unlink()
    with pytest.raises(RunError, match=r"00001\.safetensors is missing"):
        store[HEADS][4]


def test_a_file_that_is_written_anew_is_read_anew(tmp_path) -> None:
    folder, found, values = small_store(tmp_path)
    store = open_store(folder)
    assert torch.equal(store[RESID][0], values[RESID][0])
    other = values_of(7, seed=5)
    write_shard(folder, make_plan(survey_images(found)), 0, other)
    assert torch.equal(store[RESID][0], other[RESID][0])


def test_an_unfinished_store_gives_what_it_has(tmp_path) -> None:
    plan, values = make_plan(survey_images(draw(tmp_path / "images"))), values_of(7)
    start_recording(tmp_path / "store", plan)
    write_shard(tmp_path / "store", plan, 1, values)
    store = open_store(tmp_path / "store")
    assert not store.complete
    assert torch.equal(store[RESID][3:6], values[RESID][3:6])
    for missing in (0, 6):
        with pytest.raises(RunError, match=rf"image {missing} .* is not recorded yet.*--resume"):
            store[RESID][missing]


def test_a_bit_flipped_anywhere_gives_an_error_or_nothing_wrong(tmp_path) -> None:
    folder, _, values = small_store(tmp_path, number=3)
    path = folder / file_name("activations", 0)
    header = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    store, refused = open_store(folder), 0
    for at in (*range(header), *range(header, path.stat().st_size, 1009)):
        flip(path, at)
        for site, expected in values.items():
            try:
                found = store[site][:]
            except RunError:
                refused += 1
            else:
                assert torch.equal(found, expected), at
        flip(path, at)
    assert refused > 100
