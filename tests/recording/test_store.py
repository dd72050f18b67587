"""A store answers what was recorded, stands in for its model, and knows when it is damaged."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformer_lens import ActivationCache

from tests.recording.small_store import (
    HEADS,
    RESID,
    draw,
    flip,
    make_plan,
    small_store,
    values_of,
    write_shard,
    write_store,
)
from tests.tiny import pixels, tiny_model
from workbench.clip.cache import ClipCache
from workbench.errors import DataError, ModelError, RunError, SettingError, SiteError
from workbench.images.stream import Picture, pictures
from workbench.recording.exemplars import Exemplars
from workbench.recording.manifest import (
    ShardRecord,
    complete_recording,
    file_name,
    start_recording,
    write_tensors,
)
from workbench.recording.maxima import Maxima
from workbench.recording.plan import Plan, describe_model, survey_images
from workbench.recording.seen import Seen
from workbench.recording.statistics import Statistics
from workbench.recording.store import ActivationStore, is_store, open_store


def test_a_store_says_what_it_is_of(tmp_path) -> None:
    folder, found, _ = small_store(tmp_path, unreadable={2: "torn"})
    store = open_store(folder)
    assert is_store(folder)
    assert not is_store(tmp_path)
    assert (len(store), store.complete, store.unreadable) == (7, True, {2: "torn"})
    assert store.sites == (RESID, HEADS)
    assert store.images == tuple(f"{at:02}.png" for at in range(7))
    assert [p.path for p in store.pictures] == [p.path for p in found]
    assert store.plan.fingerprint == store.manifest.fingerprint
    info = store.info()
    assert (info["images"], info["unreadable"], info["shards"]) == (7, 1, [3, 3])
    assert info["bytes"] == sum(
        f.stat().st_size for f in folder.rglob("*") if f.is_file() and f.name != "manifest.json"
    )


def test_a_store_shows_itself_and_escapes_what_it_shows(tmp_path) -> None:
    folder, *_ = small_store(tmp_path / "<b>&")
    store = open_store(folder)
    shown = store._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;&amp;" in shown
    assert RESID in shown
    assert "7 images, tiny, 2 sites, activations)" in repr(store)


def test_opening_reads_nothing_but_the_manifest(tmp_path) -> None:
    folder, *_ = small_store(tmp_path)
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "manifest.json":
            path.unlink()
    store = open_store(folder)
    assert len(store) == 7
    assert "complete" in store._repr_html_()
    assert store[RESID].shape == (7, 17, 32)


def test_an_unfinished_store_says_so(tmp_path) -> None:
    plan = make_plan(
        survey_images(draw(tmp_path / "images")), products=("statistics", "activations")
    )
    start_recording(tmp_path / "store", plan)
    write_shard(tmp_path / "store", plan, 0, values_of(7))
    store = open_store(tmp_path / "store")
    assert "not finished" in repr(store)
    assert "recording, 1 of 3 shards" in store._repr_html_()
    with pytest.raises(RunError, match=r"is not finished.*--resume"):
        _ = store.statistics
    problems = store.verify().problems
    assert len(problems) == 1
    assert "1 of 3 shards" in problems[0]


@pytest.mark.parametrize("product", ["statistics", "quantiles", "exemplars", "maxima"])
def test_a_product_that_was_not_recorded_is_asked_for_with_the_option(tmp_path, product) -> None:
    folder, *_ = small_store(tmp_path)
    with pytest.raises(RunError, match=f"holds no {product}.*--products {product}"):
        getattr(open_store(folder), product)


def test_activations_that_were_not_recorded_are_asked_for_with_the_option(tmp_path) -> None:
    plan = make_plan([], products=("statistics",))
    folder = write_store(tmp_path / "store", plan, {})
    with pytest.raises(RunError, match=r"holds no activations.*--products activations"):
        open_store(folder)[RESID]


def store_with_statistics(tmp_path: Path) -> tuple[Path, Statistics]:
    values = values_of(7)
    gathered = Statistics(make_plan([]).widths)
    for site, tokens in values.items():
        gathered.update(Seen(site, tuple(range(7)), tokens))
    plan = make_plan(
        survey_images(draw(tmp_path / "images")), products=("statistics", "activations")
    )
    name = "statistics.safetensors"
    mark = write_tensors(tmp_path / "store" / name, gathered.state())
    return write_store(tmp_path / "store", plan, values, merged={name: mark}), gathered


def test_a_merged_product_is_read_back_and_its_damage_noticed(tmp_path) -> None:
    folder, gathered = store_with_statistics(tmp_path)
    found = open_store(folder).statistics[RESID]
    np.testing.assert_array_equal(found.mean, gathered[RESID].mean)
    assert open_store(folder).verify().ok
    flip(folder / "statistics.safetensors", -1)
    with pytest.raises(RunError, match=r"statistics\.safetensors has other contents.*--resume"):
        _ = open_store(folder).statistics


def test_a_sound_store_is_verified(tmp_path) -> None:
    folder, *_ = small_store(tmp_path)
    (folder / ".recording.lock").touch()
    found = open_store(folder).verify()
    assert (found.ok, found.problems, found.files) == (True, (), 4)
    assert "all as they were written" in str(found)


def test_every_kind_of_damage_is_named(tmp_path) -> None:
    folder, *_ = small_store(tmp_path)
    first, second, third = sorted((folder / "activations").iterdir())
    flip(first, first.stat().st_size // 2)
    second.write_bytes(second.read_bytes()[:-1])
    third.unlink()
    (folder / "activations" / "00009.safetensors").touch()
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"dtype": "fp32"', '"dtype": "bf16"'))
    found = open_store(folder).verify()
    assert not found.ok
    for name, what in (
        ("activations/00000.safetensors", "has other contents"),
        ("activations/00001.safetensors", "bytes"),
        ("activations/00002.safetensors", "is missing"),
        ("activations/00009.safetensors", "does not belong"),
        ("manifest.json", "was edited"),
    ):
        assert [p for p in found.problems if p.startswith(name) and what in p], (name, what)
    assert len(found.problems) == 5


def test_any_flipped_bit_is_found(tmp_path) -> None:
    folder, *_ = small_store(tmp_path, number=2)
    rng = np.random.default_rng(0)
    for path in [folder / "images.csv", folder / "activations" / "00000.safetensors"]:
        for at in rng.integers(0, path.stat().st_size, 12):
            flip(path, at)
            problems = open_store(folder).verify().problems
            assert [p.split()[0] for p in problems] == [path.relative_to(folder).as_posix()]
            flip(path, at)
    assert open_store(folder).verify().ok


# Images.


def test_moved_images_are_found_in_their_new_folder(tmp_path) -> None:
    folder, *_ = small_store(tmp_path)
    (tmp_path / "images").rename(tmp_path / "moved")
    with pytest.raises(DataError, match="does not exist"):
        open_store(folder).pictures[3].open()
    view = open_store(folder).with_images_at(tmp_path / "moved")
    assert view.pictures[3].open().size == (23, 16)
    (tmp_path / "moved" / "04.png").unlink()
    with pytest.raises(DataError, match=r"1 of 7 images are not in .*moved/04\.png"):
        open_store(folder).with_images_at(tmp_path / "moved")


def test_images_of_several_folders_keep_their_names_below_the_new_one(tmp_path) -> None:
    found = [*draw(tmp_path / "old" / "a", 2), *draw(tmp_path / "old" / "b", 2)]
    plan = make_plan(survey_images(found))
    folder = write_store(tmp_path / "store", plan, values_of(4))
    (tmp_path / "old").rename(tmp_path / "new")
    view = open_store(folder).with_images_at(tmp_path / "new")
    places = [str(p.path.relative_to(tmp_path / "new")) for p in view.pictures]
    assert places == ["a/00.png", "a/01.png", "b/00.png", "b/01.png"]


# In the place of the model.

FACTS = (
    *("name", "source", "fingerprint", "grid", "image_size", "patch_size", "n_layers", "n_heads"),
    *("d_model", "d_head", "d_mlp", "activation", "dtype", "device", "mean", "std", "cfg"),
)


def test_a_store_has_the_facts_of_its_model(tmp_path) -> None:
    model = tiny_model()
    facts, preprocessing = describe_model(model)
    plan = replace(make_plan([]), model=facts, preprocessing=preprocessing)
    store = open_store(write_store(tmp_path / "store", plan, {}))
    for name in FACTS:
        assert getattr(store, name) == getattr(model, name), name
    assert [store.site_width(site) for site in store.sites] == [32, 32]
    store.check_site("blocks.2.hook_resid_post")
    with pytest.raises(SiteError, match=r"no site 'blocks\.7"):
        store.check_site("blocks.7.hook_resid_post")
    with pytest.raises(SiteError, match="was not recorded"):
        store.site_width("blocks.2.hook_resid_post")
    assert store.select("blocks.*.hook_resid_post") == [RESID]
    with pytest.raises(SiteError, match="picks none of the recorded sites"):
        store.select("blocks.2.*")


@pytest.mark.parametrize(("tokens", "first"), [("all", 1), ("patches", 1)])
def test_patches_are_read_for_pictures_by_path_and_by_contents(tmp_path, tokens, first) -> None:
    folder, found, values = small_store(tmp_path, tokens=tokens, dtype="fp16")
    copied = Path(shutil.copy(found[5].path, tmp_path / "another name.png"))
    asked = [found[2], Picture("copy", copied), found[0]]
    seen = list(open_store(folder).read(asked, [RESID, HEADS], 2))
    assert [indices for indices, _ in seen] == [(2, 5), (0,)]
    for indices, sites in seen:
        for site, patches in sites.items():
            assert patches.dtype == torch.float32
            assert torch.equal(patches, values[site][list(indices), first:].half().float())


def test_pictures_are_found_when_the_images_are_gone_or_were_in_memory(tmp_path) -> None:
    held = [Image.new("RGB", (4, 4), (at, 0, 0)) for at in range(3)]
    mixed = [*draw(tmp_path / "images", 2), *pictures(held)]
    folder = write_store(tmp_path / "store", make_plan(survey_images(mixed)), values_of(5))
    shutil.rmtree(tmp_path / "images")
    asked = [mixed[1], Picture("whatever", held=held[2].copy())]
    ((indices, _),) = open_store(folder).read(asked, [RESID], 8)
    assert indices == (1, 4)


def test_a_picture_that_is_not_there_or_has_changed_is_named(tmp_path) -> None:
    folder, found, _ = small_store(tmp_path)
    new = tmp_path / "new.png"
    Image.new("RGB", (9, 9), "blue").save(new)
    with pytest.raises(DataError, match=r"new\.png is not among the 7 images of .*store"):
        list(open_store(folder).read([Picture("new", new)], [RESID], 8))
    shutil.copy(new, found[3].path)
    with pytest.raises(DataError, match=r"03\.png has other contents than when it was recorded"):
        list(open_store(folder).read([found[3]], [RESID], 8))


def test_reading_what_was_not_recorded_says_what_was(tmp_path) -> None:
    folder, found, _ = small_store(tmp_path, tokens="cls", unreadable={1: "torn"})
    store = open_store(folder)
    with pytest.raises(RunError, match=r"CLS token only.*--tokens patches"):
        list(store.read(found, [RESID], 4))
    with pytest.raises(SiteError, match="was not recorded"):
        list(store.read(found, ["blocks.2.hook_resid_post"], 4))
    with pytest.raises(SettingError, match="batch size is 0"):
        list(store.read(found, [RESID], 0))
    other, again, _ = small_store(tmp_path / "2", unreadable={1: "torn"})
    with pytest.raises(DataError, match="torn"):
        list(open_store(other).read(again, [RESID], 4))


# As TransformerLens has it.


def recorded_with(model, tmp_path, sites, **changes) -> tuple[ActivationStore, ClipCache]:
    """Return a store of two images as the model sees them, and the model's own cache."""
    facts, preprocessing = describe_model(model)
    _, cache = model.run_with_cache(pixels(2))
    widths = {site: model.site_width(site) for site in sites}
    plan = replace(
        make_plan(survey_images(draw(tmp_path / "images", 2))),
        model=facts,
        preprocessing=preprocessing,
        sites=tuple(sites),
        widths=widths,
        **changes,
    )
    values = {site: cache[site].flatten(2) for site in sites}
    return open_store(write_store(tmp_path / "store", plan, values)), cache


def test_a_cache_has_the_model_s_names_shapes_and_values(tmp_path) -> None:
    model = tiny_model()
    sites = model.select([f"blocks.1.attn.hook_{part}" for part in ("q", "k", "v", "z", "result")])
    store, expected = recorded_with(model, tmp_path, [*sites, "blocks.1.hook_resid_post"])
    found = store.cache(1)
    assert type(found) is ActivationCache
    assert list(found.keys()) == list(store.sites)
    for site in store.sites:
        assert torch.equal(found[site], expected[site][1:2]), site
    assert torch.equal(found["resid_post", 1], expected["resid_post", 1][1:2])
    assert torch.equal(found["z", -2], found["blocks.1.attn.hook_z"])
    with pytest.raises(DataError, match="no image 2"):
        store.cache(2)


def test_a_cache_of_patches_has_patches_only(tmp_path) -> None:
    store, expected = recorded_with(tiny_model(), tmp_path, [RESID], tokens="patches")
    assert torch.equal(store.cache(0)[RESID], expected[RESID][:1, 1:])


def test_with_its_model_a_cache_decomposes_the_residual_stream(tmp_path) -> None:
    model = tiny_model()
    sites = [
        site
        for site in model.sites
        if site.endswith(("ln_pre.hook_normalized", "hook_attn_out", "hook_mlp_out", "resid_post"))
    ]
    store, expected = recorded_with(model, tmp_path, sites)
    found = store.cache(1, model)
    assert isinstance(found, ClipCache)
    parts = found.decompose_resid()
    assert torch.equal(parts, expected.decompose_resid()[:, 1:2])
    torch.testing.assert_close(parts.sum(0), found["resid_post", -1], atol=1e-4, rtol=1e-4)


def test_a_cache_wants_the_model_that_recorded_and_all_its_tokens(tmp_path) -> None:
    model = tiny_model()
    store, _ = recorded_with(model, tmp_path, [RESID], tokens="patches")
    with pytest.raises(ModelError, match=r"was recorded with tiny .*other weights"):
        store.cache(0, tiny_model(seed=1))
    with pytest.raises(RunError, match=r"holds patches only.*--tokens all"):
        store.cache(0, model)


def test_opening_leaves_the_shards_unread_until_one_is_asked_for(tmp_path) -> None:
    folder, *_ = small_store(tmp_path)
    store = open_store(folder)
    assert "shards" not in vars(store.manifest)
    assert "plan" not in vars(store)
    assert len(store.manifest.shards) == 3


def test_the_plan_of_a_store_is_the_plan_it_was_made_with(tmp_path) -> None:
    found = draw(tmp_path / "images")
    plan: Plan = make_plan(survey_images(found))
    assert open_store(write_store(tmp_path / "store", plan, values_of(7))).plan == plan


def test_exemplars_and_maxima_are_read_with_names_and_pictures(tmp_path) -> None:
    values, widths = values_of(4), make_plan([]).widths
    products = ("exemplars", "maxima")
    plan = make_plan(
        survey_images(draw(tmp_path / "images", 4)), products=products, images_per_shard=4
    )
    best, highest = Exemplars(widths, 16, k=4), Maxima(widths, 0, 4)
    for site, tokens in values.items():
        for collector in (best, highest):
            collector.update(Seen(site, (0, 1, 2, 3), tokens))
    folder = tmp_path / "store"
    start_recording(folder, plan)
    name = file_name("maxima", 0)
    record = ShardRecord(0, 0, 4, {name: write_tensors(folder / name, highest.state())}, 2)
    merged = {
        "exemplars.safetensors": write_tensors(folder / "exemplars.safetensors", best.state())
    }
    complete_recording(folder, [record], merged)
    store = open_store(folder)
    patches = values[RESID][:, 1:, 7]
    image, patch = divmod(int(patches.argmax()), 16)
    (top,) = store.exemplars.top(f"{RESID}:7", 1)
    assert (top.image, top.row, top.column) == (image, *divmod(patch, 4))
    assert top.name == store.images[image]
    assert len(store.exemplars.crop(f"{RESID}:7", 3)) == 3
    assert store.maxima.images(f"{RESID}:7", 1)[0].image == image
    assert store.verify().ok
    (folder / name).write_bytes(b"short")
    with pytest.raises(RunError, match=r"maxima/00000\.safetensors has 5 bytes"):
        _ = open_store(folder).maxima
