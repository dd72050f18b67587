"""Recording as a whole: what is written is what the model computed, and bad input says so."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.recording.recordings import EVERYTHING, contents, draw_pictures, make
from tests.tiny import tiny_model
from workbench.errors import DataError, ModelError, RunError, SettingError, SiteError
from workbench.images.stream import pictures, prepare
from workbench.recording.engines import LocalEngine
from workbench.recording.record import record

SITE = "blocks.1.hook_resid_post"


@pytest.fixture
def images(tmp_path):
    return draw_pictures(tmp_path / "images")


def test_activations_are_the_models_bit_for_bit(images, tmp_path):
    model = tiny_model()
    store = make(images, tmp_path / "store", model=model)
    x = prepare(images, model)
    for start in range(0, 10, 2):
        for site, expected in model.patches(x[start : start + 2], store.sites).items():
            assert torch.equal(store[site][start : start + 2], expected)


def test_every_product_tells_the_same_story(images, tmp_path):
    store = make(images, tmp_path / "store")
    values = store[SITE][:].double().numpy()
    seen, rows = store.statistics[SITE], values.reshape(-1, values.shape[-1])
    assert seen.count == len(rows)
    np.testing.assert_allclose(seen.mean, rows.mean(0), rtol=1e-10)
    np.testing.assert_allclose(seen.variance, rows.var(0), rtol=1e-10)
    np.testing.assert_array_equal(store.quantiles[SITE].at(1), rows.max(0))
    for index in (0, 31):
        best = store.exemplars.top(f"{SITE}:{index}", 5)
        assert [e.value for e in best] == sorted(rows[:, index])[::-1][:5]
        first = best[0]
        assert values[first.image, first.row * 4 + first.column, index] == first.value
        assert first.name == store.images[first.image]
        found, _ = store.maxima.neuron(f"{SITE}:{index}")
        np.testing.assert_allclose(found, values[..., index].max(1), rtol=1e-3)


@pytest.mark.parametrize("product", EVERYTHING)
def test_each_product_can_be_recorded_alone_and_is_the_same(product, images, tmp_path):
    everything = make(images, tmp_path / "all")
    alone = make(images, tmp_path / "one", products=[product])
    assert alone.products == (product,)
    one, all_of_it = contents(alone.path), contents(everything.path)
    for name in set(one) - {"manifest.json"}:
        assert one[name] == all_of_it[name]


def test_two_recordings_have_the_same_bytes(images, tmp_path):
    assert contents(make(images, tmp_path / "a").path) == contents(
        make(images, tmp_path / "b").path
    )


def test_how_the_list_is_cut_into_shards_does_not_show_in_exemplars(images, tmp_path):
    a = make(images, tmp_path / "a", images_per_shard=4)
    b = make(images, tmp_path / "b", images_per_shard=2)
    name = "exemplars.safetensors"
    assert (a.path / name).read_bytes() == (b.path / name).read_bytes()


def test_many_shards_are_merged_along_the_way(tmp_path):
    images = draw_pictures(tmp_path / "images", 21)
    one = make(images, tmp_path / "one", images_per_shard=1, batch_size=1)
    assert one.statistics[SITE].count == 21 * 16
    assert not (one.path / "parts").exists()


def test_a_store_can_be_recorded_from_without_model_or_images(images, tmp_path):
    whole = make(images, tmp_path / "whole")
    shutil.rmtree(images)
    derived = record(whole, None, tmp_path / "derived", sites=SITE, products=["exemplars"], k=5)
    for index in range(32):
        neuron = f"{SITE}:{index}"
        assert derived.exemplars.top(neuron) == whole.exemplars.top(neuron)
        assert derived.exemplars.bottom(neuron) == whole.exemplars.bottom(neuron)


def test_cls_is_in_no_product_of_patches(images, tmp_path):
    with_cls = make(images, tmp_path / "all", tokens="all")
    without = make(images, tmp_path / "patches", tokens="patches")
    assert with_cls[SITE].shape[1] == without[SITE].shape[1] + 1
    name = "statistics.safetensors"
    assert (with_cls.path / name).read_bytes() == (without.path / name).read_bytes()


def test_the_default_site_is_the_residual_stream_at_half_depth(images, tmp_path):
    store = make(images, tmp_path / "store", sites=None)
    assert store.sites == ("blocks.0.hook_resid_post",)


def test_a_glob_passes_over_sites_without_neurons_and_a_name_of_one_is_refused(images, tmp_path):
    store = make(images, tmp_path / "store", sites="blocks.0.attn.*", products=["statistics"])
    assert "blocks.0.attn.hook_pattern" not in store.sites
    assert "blocks.0.attn.hook_z" in store.sites
    with pytest.raises(SiteError, match="no neurons per patch"):
        make(images, tmp_path / "other", sites="blocks.0.attn.hook_pattern")
    assert not (tmp_path / "other").exists()


def test_unreadable_images_are_listed_and_do_not_stop_the_rest(images, tmp_path):
    whole = make(images, tmp_path / "whole")
    (images / "03.png").write_bytes(b"not a picture")
    (images / "10.png").write_bytes(b"")
    store = make(images, tmp_path / "store")
    assert set(store.unreadable) == {3, 10}
    assert "03.png" in store.unreadable[3]
    assert store.statistics[SITE].count == 9 * 16
    assert torch.allclose(store[SITE][4], whole[SITE][4], atol=1e-5)
    with pytest.raises(DataError, match=r"03\.png"):
        store[SITE][3]
    assert not any(e.image in (3, 10) for e in store.exemplars.top(f"{SITE}:0"))
    assert store.verify().ok


def test_strict_stops_at_an_unreadable_image_and_resume_goes_on_once_it_is_repaired(
    images, tmp_path
):
    good = (images / "06.png").read_bytes()
    (images / "06.png").write_bytes(good[:100])
    with pytest.raises(DataError, match=r"06\.png.*--strict"):
        make(images, tmp_path / "store", strict=True)
    with pytest.raises(RunError, match=r"1 image has other contents: 06\.png"):
        (images / "06.png").write_bytes(good)
        make(images, tmp_path / "store", resume=True)


def test_only_unreadable_images_make_an_empty_recording_that_says_so(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"")
    store = make(tmp_path / "images", tmp_path / "store", products=["activations", "maxima"])
    assert len(store.unreadable) == len(store) == 1


def test_an_existing_store_is_neither_replaced_nor_resumed_unasked(images, tmp_path):
    out = make(images, tmp_path / "store").path
    before = contents(out)
    with pytest.raises(RunError, match=r"a finished recording already.*--resume"):
        make(images, out)
    assert contents(out) == before


def test_a_folder_that_is_no_store_is_never_touched(images, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    for choice in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(RunError, match="mine"):
            make(images, mine, **choice)
    assert [file.name for file in mine.iterdir()] == ["thesis.txt"]


def test_overwrite_replaces_a_store(images, tmp_path):
    out = make(images, tmp_path / "store").path
    fresh = make(images, tmp_path / "fresh", products=["statistics"])
    again = make(images, out, products=["statistics"], overwrite=True)
    assert contents(again.path) == contents(fresh.path)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"products": ["statistic"]}, "no product 'statistic'"),
        ({"dtype": "int8"}, "int8"),
        ({"tokens": "words"}, "words"),
        ({"k": 0}, "k is 0"),
        ({"engine": LocalEngine(workers=-1)}, "workers is -1"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"images_per_shard": -3}, "images_per_shard is -3"),
    ],
)
def test_a_choice_out_of_range_is_refused_before_anything_is_written(
    choice, message, images, tmp_path
):
    with pytest.raises(SettingError, match=message):
        make(images, tmp_path / "store", **choice)
    assert not (tmp_path / "store").exists()


def test_a_disk_that_cannot_hold_it_is_refused_before_anything_is_written(
    images, tmp_path, monkeypatch
):
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(RunError, match="free"):
        make(images, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_activations_that_are_not_finite_name_the_image_and_the_site(images, tmp_path):
    model = tiny_model()
    with torch.no_grad():
        model.visual.transformer.resblocks[1].mlp.c_fc.bias[3] = float("nan")
    with pytest.raises(ModelError, match=r"blocks\.1\.mlp\.hook_post.*00\.png"):
        make(images, tmp_path / "store", model=model)


def test_pictures_in_memory_can_be_recorded(images, tmp_path):
    held = [picture.open() for picture in pictures(images)]
    from_files, from_memory = make(images, tmp_path / "a"), make(held, tmp_path / "b")
    assert torch.equal(from_files[SITE][:], from_memory[SITE][:])
    assert from_memory.images[3] == "image 3"


def test_a_store_and_a_model_at_once_are_refused(images, tmp_path):
    store = make(images, tmp_path / "store")
    with pytest.raises(SettingError, match="needs no model"):
        record(store, tiny_model(), tmp_path / "other")
    with pytest.raises(SettingError, match="need a model"):
        record(images, None, tmp_path / "other")


def test_threads_are_as_they_were(images, tmp_path):
    before = torch.get_num_threads()
    make(images, tmp_path / "store")
    assert torch.get_num_threads() == before


def test_the_folder_named_is_the_stores(images, tmp_path):
    assert make(images, str(tmp_path / "deep" / "er")).path == Path(tmp_path / "deep" / "er")


@pytest.mark.parametrize("harm", ["resume", "verify"])
def test_any_name_that_a_file_can_have_is_kept(harm, images, tmp_path):
    names = [
        "a,b.png",
        'say "hi".png',
        "two\nlines.png",
        "cr\r.png",
        "ünï.png",
        " .png",
        "\udcff.png",
    ]
    for index, name in enumerate(names):
        (images / f"{index:02}.png").rename(images / name)
    store = make(images, tmp_path / "store")
    assert set(names) < set(store.images)
    assert store.verify().ok
    if harm == "resume":
        (store.path / "statistics.safetensors").unlink()
        store = make(images, store.path, resume=True)
        assert store.verify().ok
    assert all(picture.open() for picture in store.pictures)
    (images / "two\nlines.png").write_bytes(b"")
    again = make(images, tmp_path / "again", products=["statistics"])
    assert [again.images[index] for index in again.unreadable] == ["two\nlines.png"]


def test_names_that_occur_twice_are_two_images(images, tmp_path):
    others = draw_pictures(tmp_path / "others", 10, seed=1)
    both = [images / "00.png", others / "00.png", images / "00.png"]
    store = make(both, tmp_path / "store")
    assert store.images == ("00.png",) * 3
    assert torch.equal(store[SITE][0], store[SITE][2])
    assert not torch.equal(store[SITE][0], store[SITE][1])
    assert [picture.path for picture in store.pictures] == both
    assert store.verify().ok


def test_more_exemplars_may_be_asked_for_than_there_are_patches(images, tmp_path):
    store = make(images, tmp_path / "store", sites=SITE, k=500)
    found = store.exemplars.top(f"{SITE}:3")
    assert len({(e.image, e.row, e.column) for e in found}) == len(found) == 10 * 16
    assert [e.value for e in found] == sorted((e.value for e in found), reverse=True)
    assert store.exemplars.bottom(f"{SITE}:3", 1)[0].value == found[-1].value


def test_a_grid_of_one_patch_can_be_recorded(images, tmp_path):
    model = tiny_model(patch_size=32)
    assert model.grid == (1, 1)
    store = make(images, tmp_path / "store", sites=SITE, model=model)
    values, patches = store.maxima.neuron(f"{SITE}:0")
    np.testing.assert_allclose(values, store[SITE][:][:, 0, 0], rtol=1e-3)
    assert not patches.any()
    assert store.statistics[SITE].count == 10
    assert len(store.exemplars.crop(f"{SITE}:0")) == 5


@pytest.mark.parametrize(
    ("choice", "message"),
    [({"tokens": "words"}, "words"), ({"dtype": "int8"}, "int8"), ({"batch_size": 0}, "size is 0")],
)
def test_a_choice_out_of_range_is_refused_before_a_shard_is_sized(
    choice, message, images, tmp_path
):
    with pytest.raises(SettingError, match=message):
        record(images, tiny_model(), tmp_path / "store", **choice)


def test_what_a_rounded_store_gives_does_not_go_on_with_the_models_recording(images, tmp_path):
    rounded = make(images, tmp_path / "rounded", products=["activations"], dtype="fp16")
    out = make(images, tmp_path / "store", products=["statistics"]).path
    derived = {"sites": "*", "products": ["statistics"], "k": 5, "batch_size": 2}
    with pytest.raises(
        RunError, match="number format of the store that is read: None before, fp16"
    ):
        record(rounded, None, out, **derived, resume=True)
    exact = make(images, tmp_path / "exact", products=["activations"])
    assert record(exact, None, out, **derived, resume=True).verify().ok


def test_moved_images_of_one_name_are_not_taken_for_each_other(images, tmp_path):
    others = draw_pictures(tmp_path / "others", 1, seed=1)
    both = [images / "00.png", others / "00.png"]
    store = make(both, tmp_path / "store", sites=SITE, products=["exemplars"])
    flat = tmp_path / "flat"
    flat.mkdir()
    shutil.copy(both[0], flat)
    with pytest.raises(DataError, match="1 of 2 images are not in"):
        store.with_images_at(flat)


def test_what_happened_is_told_once_however_often_a_recording_goes_on(images, tmp_path):
    model = tiny_model()
    visit = model.visit

    def small(x, names, look, **more):
        if len(x) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
        visit(x, names, look, **more)

    model.visit = small
    out = make(images, tmp_path / "store", model=model).path
    events = make(images, out, resume=True).manifest.events
    assert len(events) == 3
    assert make(images, out, resume=True).manifest.events == events
