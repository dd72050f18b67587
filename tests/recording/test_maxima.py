"""The image x neuron table is the maximum over patches and the first patch that has it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import load_file, save_file

from tests.recording.shown import SITE, batch, batches
from tests.recording.small_store import flip
from workbench.errors import DataError, RunError, SettingError, SiteError
from workbench.recording.exemplars import Exemplar
from workbench.recording.maxima import Maxima, MaximaTable
from workbench.recording.tensor_files import write_tensors

tables = arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 6), st.integers(1, 4)),
    elements=st.sampled_from([-2.5, -1.0, -0.0, 0.0, 1.0, 3.1]),
)
OTHER = "blocks.2.mlp.hook_post"


def collected(values, at=(), first=0) -> Maxima:
    maxima = Maxima({SITE: values.shape[2]}, first, first + len(values))
    for seen in batches(values, at, first):
        maxima.update(seen)
    return maxima


@given(tables, st.lists(st.integers(0, 9), max_size=4), st.integers(0, 1000))
@settings(deadline=None)
def test_each_picture_has_its_maximum_at_the_first_patch_that_holds_it(values, at, first) -> None:
    state = collected(values, at, first).state()
    assert state[f"{SITE}/value"].is_contiguous()
    np.testing.assert_array_equal(
        state[f"{SITE}/value"].numpy(), values.max(1).T.astype(np.float16)
    )
    np.testing.assert_array_equal(state[f"{SITE}/patch"].numpy(), values.argmax(1).T)
    assert not np.signbit(state[f"{SITE}/value"].numpy()[values.max(1).T == 0]).any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_values_beyond_half_precision_stop_at_its_ends(dtype) -> None:
    values = torch.tensor([1e38, -1e38, 3.0], dtype=dtype).reshape(1, 1, 3)
    assert collected(values).state()[f"{SITE}/value"].flatten().tolist() == [65504, -65504, 3]


def test_pictures_that_were_not_fed_stay_empty() -> None:
    maxima = Maxima({SITE: 1}, 10, 13)
    maxima.update(batch(np.float32([[[1], [2]], [[4], [3]]]), (10, 12)))
    state = maxima.state()
    np.testing.assert_array_equal(state[f"{SITE}/value"].numpy(), [[2, np.nan, 4]])
    assert state[f"{SITE}/patch"].tolist() == [[1, -1, 0]]


def test_the_state_brings_everything_back() -> None:
    values = np.random.default_rng(0).standard_normal((6, 4, 3)).astype(np.float32)
    half = Maxima({SITE: 3}, 5, 11)
    half.update(batch(values[:2], (5, 6)))
    back = Maxima.from_state(half.state(), start=5)
    back.update(batch(values[2:], range(7, 11)))
    wanted = collected(values, first=5).state()
    assert all(torch.equal(wanted[name], value) for name, value in back.state().items())


def test_more_patches_than_the_table_counts_are_refused() -> None:
    with pytest.raises(SettingError, match="32,768 patches a picture"):
        Maxima({SITE: 1}, 0, 1).update(batch(torch.zeros(1, 2**15, 1), (0,)))


def test_the_last_patch_that_can_be_counted_is() -> None:
    values = torch.zeros(1, 2**15 - 1, 1)
    values[0, -1] = 1
    assert collected(values).state()[f"{SITE}/patch"].item() == 2**15 - 2


@pytest.fixture
def values() -> np.ndarray:
    """Ten pictures of 2 x 3 patches; quarters, so that half precision holds them exactly."""
    rng = np.random.default_rng(0)
    return (rng.integers(-20, 20, (10, 6, 5)) / 4).astype(np.float32)


@pytest.fixture
def table(tmp_path, values) -> MaximaTable:
    """Shards of four; picture 6 could not be read."""
    files = []
    for number, start in enumerate(range(0, 10, 4)):
        stop = min(start + 4, 10)
        maxima = Maxima({SITE: 5, OTHER: 5}, start, stop)
        kept = [image for image in range(start, stop) if image != 6]
        maxima.update(batch(values[kept], kept))
        maxima.update(batch(-values[kept], kept, OTHER))
        files.append((start, stop, tmp_path / f"{number:05}.safetensors"))
        save_file(maxima.state(), files[-1][2])
    names = [f"{image}.png" for image in range(10)]
    return MaximaTable(files, names, (2, 3), {6: "6.png is damaged. Replace it."})


def test_one_neuron_is_read_over_all_pictures(table, values) -> None:
    found, patches = table.neuron(f"{OTHER}:3")
    readable = np.arange(10) != 6
    np.testing.assert_array_equal(found[readable], -values[readable, :, 3].min(1))
    np.testing.assert_array_equal(patches[readable], values[readable, :, 3].argmin(1))
    assert np.isnan(found[6])
    assert patches[6] == -1


def test_the_pictures_of_a_neuron_come_highest_first_and_equal_ones_in_order(table, values) -> None:
    found = table.images(f"{SITE}:2", most=20)
    peak = values[:, :, 2].max(1)
    order = [i for i in sorted(range(10), key=lambda i: (-peak[i], i)) if i != 6]
    assert [e.image for e in found] == order
    best = order[0]
    patch = values[best, :, 2].argmax()
    wanted = Exemplar(float(peak[best]), best, f"{best}.png", *divmod(int(patch), 3))
    assert found[0] == wanted
    assert table.images(f"{SITE}:2", most=3) == found[:3]


def test_equal_pictures_come_in_order_however_many_they_are(tmp_path) -> None:
    values = (np.arange(600) % 3).astype(np.float32).reshape(600, 1, 1)
    path = tmp_path / "00000.safetensors"
    save_file(collected(values).state(), path)
    found = MaximaTable([(0, 600, path)], ["x.png"] * 600, (1, 1)).images(f"{SITE}:0", most=600)
    assert [e.image for e in found] == [i for top in (2, 1, 0) for i in range(top, 600, 3)]


def test_one_picture_is_read_over_all_neurons(table, values) -> None:
    for image in (0, 5, 9):
        np.testing.assert_array_equal(table.image(image, SITE), values[image].max(0))


def test_a_picture_without_values_is_refused_with_the_reason(table) -> None:
    with pytest.raises(DataError, match=r"6.png \(picture 6\) was not recorded: 6.png is damaged"):
        table.image(6, SITE)
    with pytest.raises(DataError, match="no picture 10: 10 were recorded"):
        table.image(10, SITE)
    with pytest.raises(DataError, match="no picture -1"):
        table.image(-1, SITE)


def test_sites_and_neurons_that_are_not_there_are_refused_by_name(table) -> None:
    with pytest.raises(SiteError, match="ln_pre was not recorded"):
        table.neuron("ln_pre:0")
    with pytest.raises(SettingError, match="has 5 neurons, 0 to 4; there is no 5"):
        table.images(f"{SITE}:5")
    assert table.sites == (SITE, OTHER)
    assert table.width(OTHER) == 5


@pytest.mark.parametrize("harm", ["missing", "cut short", "of something else"])
def test_a_file_that_does_not_open_is_named(table, tmp_path, harm) -> None:
    path = tmp_path / "00001.safetensors"
    if harm == "missing":
        path.unlink()
    elif harm == "cut short":
        path.write_bytes(path.read_bytes()[:100])
    else:
        save_file({"x": torch.zeros(3)}, path)
    with pytest.raises(
        RunError, match=r"00001\.safetensors (is missing|is no readable|does not hold).*--resume"
    ):
        table.neuron(f"{SITE}:0")


@pytest.mark.parametrize("part", ["value", "patch", "xxh3"])
def test_a_harmed_neuron_is_noticed_and_the_others_are_still_read(
    table, values, tmp_path, part
) -> None:
    path = tmp_path / "00001.safetensors"
    held = {name: tensor.clone() for name, tensor in load_file(path).items()}
    held[f"{SITE}/{part}"].view(torch.uint8).flatten(1 if part != "xxh3" else 0)[3] ^= 1
    save_file(held, path)
    said = rf"00001\.safetensors is damaged: neuron \d of {SITE}.*--resume"
    with pytest.raises(RunError, match=said):
        [table.neuron(f"{SITE}:{index}") for index in range(5)]
    with pytest.raises(RunError, match=r"00001\.safetensors is damaged"):
        [table.images(f"{SITE}:{index}") for index in range(5)]
    with pytest.raises(RunError, match=r"00001\.safetensors is damaged"):
        table.image(5, SITE)
    np.testing.assert_array_equal(table.image(3, SITE), values[3].max(0))
    np.testing.assert_array_equal(table.image(5, OTHER), -values[5].min(0))
    np.testing.assert_array_equal(table.neuron(f"{OTHER}:3")[0][4], -values[4, :, 3].min())


def test_a_table_that_is_written_anew_is_read_anew(table, values, tmp_path) -> None:
    path = tmp_path / "00001.safetensors"
    assert table.image(5, SITE) is not None
    other = Maxima({SITE: 5, OTHER: 5}, 4, 8)
    other.update(batch(2 * values[4:8], range(4, 8)))
    write_tensors(path, other.state())
    np.testing.assert_array_equal(table.image(5, SITE), 2 * values[5].max(0))
    np.testing.assert_array_equal(table.neuron(f"{SITE}:1")[0][4:8], 2 * values[4:8, :, 1].max(1))


def test_a_bit_flipped_anywhere_gives_an_error_or_nothing_wrong(table, values, tmp_path) -> None:
    path, refused = tmp_path / "00000.safetensors", 0
    wanted = values[:, :, 2].max(1)
    for at in range(path.stat().st_size):
        flip(path, at)
        try:
            found, patches = table.neuron(f"{SITE}:2")
        except (RunError, SiteError):  # a site whose very name was harmed is not there
            refused += 1
        else:
            np.testing.assert_array_equal(found[[0, 1, 2, 3]], wanted[:4])
            np.testing.assert_array_equal(patches[:4], values[:4, :, 2].argmax(1))
        flip(path, at)
    assert refused > 100
