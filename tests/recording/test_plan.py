"""A plan knows every byte's reasons, and says in words what is different in another."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.recording.small_store import draw, make_plan
from tests.tiny import tiny_model
from workbench.errors import SettingError
from workbench.images.stream import Picture, pictures
from workbench.recording.image_list import images_from_csv, images_to_csv
from workbench.recording.manifest import read_plan, start_recording
from workbench.recording.plan import ImageEntry, Plan, describe_model, survey_images

ENTRY = ImageEntry("a.png", "/somewhere/a.png", 10, "0123456789abcdef", 4, 5)
ENTRIES = [replace(ENTRY, name=f"{at}.png", xxh3=f"{at:016x}") for at in range(7)]


def test_a_survey_reads_sizes_and_contents_in_order(tmp_path) -> None:
    found = survey_images(draw(tmp_path, 3))
    assert [one.name for one in found] == ["00.png", "01.png", "02.png"]
    assert [(one.height, one.width) for one in found] == [(16, 20), (16, 21), (16, 22)]
    assert len({one.xxh3 for one in found}) == 3
    assert found[0].bytes == (tmp_path / "00.png").stat().st_size
    assert found[0].path == str(tmp_path / "00.png")


def test_missing_and_foreign_files_do_not_stop_a_survey(tmp_path) -> None:
    (tmp_path / "text.png").write_text("no image")
    gone, text = survey_images(
        [Picture("gone", tmp_path / "gone.png"), Picture("text", tmp_path / "text.png")]
    )
    assert (gone.xxh3, gone.bytes, gone.height) == ("", 0, 0)
    assert (bool(text.xxh3), text.bytes, text.height) == (True, 8, 0)


def test_pictures_in_memory_are_told_apart_by_pixels_and_size() -> None:
    held = [
        Image.new("RGB", (2, 3)),
        Image.new("RGB", (3, 2)),
        Image.new("RGB", (2, 3), (0, 0, 1)),
        Image.new("RGB", (2, 3)),
        Image.new("F", (2, 3)),
    ]
    found = survey_images(pictures(held))
    assert len({one.xxh3 for one in found}) == 4
    assert found[0].xxh3 == found[3].xxh3
    assert found[4].xxh3 == ""
    assert (found[0].height, found[0].width, found[0].path) == (3, 2, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"products": ("maxima", "minima")}, "no product 'minima'; there are statistics, quant"),
        ({"products": ()}, "no product was asked for"),
        ({"tokens": "some"}, "no choice of tokens 'some'; there are patches, cls, all"),
        ({"dtype": "fp8"}, "no number format 'fp8'; there are fp32, fp16, bf16"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"sites": ()}, "must be the same"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused(change, message) -> None:
    with pytest.raises(SettingError, match=message):
        make_plan(ENTRIES, **change)


def test_products_are_put_into_their_order() -> None:
    plan = make_plan(ENTRIES, products=("activations", "statistics", "maxima"))
    assert plan.products == ("statistics", "maxima", "activations")


@given(images=st.integers(0, 40), each=st.integers(1, 12))
def test_shards_cut_the_list_without_gap_or_overlap(images, each) -> None:
    plan = make_plan([ENTRY] * images, images_per_shard=each)
    covered = [at for shard in plan.shards for at in range(shard.start, shard.stop)]
    assert covered == list(range(images))
    assert [shard.index for shard in plan.shards] == list(range(len(plan.shards)))
    assert all(1 <= len(shard) <= each for shard in plan.shards)


CHANGES = {
    "products": ("statistics",),
    "tokens": "cls",
    "dtype": "bf16",
    "k": 5,
    "batch_size": 3,
    "images_per_shard": 4,
    "threads": 2,
    "device_type": "cuda",
    "images": tuple(ENTRIES[:-1]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_choice_is_in_the_fingerprint(name) -> None:
    plan = make_plan(ENTRIES)
    assert plan.fingerprint.startswith("xxh3:")
    assert replace(plan, **{name: CHANGES[name]}).fingerprint != plan.fingerprint


@pytest.mark.parametrize("group", ["model", "preprocessing"])
def test_every_fact_but_names_is_in_the_fingerprint(group) -> None:
    plan = make_plan(ENTRIES)
    for key in getattr(plan, group):
        other = replace(plan, **{group: {**getattr(plan, group), key: "other"}})
        same = key in ("name", "source")
        assert (other.fingerprint == plan.fingerprint) is same, key
        assert (plan.differences(other) == []) is same, key


def test_moved_images_and_weights_are_the_same_recording() -> None:
    plan = make_plan(ENTRIES)
    elsewhere = replace(
        plan,
        model={**plan.model, "source": "/other/weights.pt"},
        images=tuple(replace(one, path=f"/other/{one.name}") for one in ENTRIES),
    )
    assert elsewhere.fingerprint == plan.fingerprint
    assert plan.differences(elsewhere) == []


def test_batches_shards_and_threads_are_no_differences() -> None:
    plan = make_plan(ENTRIES)
    assert plan.differences(replace(plan, batch_size=9, images_per_shard=9, threads=9)) == []


def test_differences_name_what_changed() -> None:
    plan = make_plan(ENTRIES)
    other = replace(
        plan,
        model={**plan.model, "fingerprint": "sha256:" + "cd" * 32},
        preprocessing={**plan.preprocessing, "image_size": [64, 64]},
        sites=("blocks.0.hook_resid_post", "blocks.2.hook_resid_post"),
        widths={"blocks.0.hook_resid_post": 32, "blocks.2.hook_resid_post": 32},
        tokens="patches",
        images=tuple(
            replace(one, xxh3="f" * 16) if at in (1, 4) else one for at, one in enumerate(ENTRIES)
        ),
    )
    assert plan.differences(other) == [
        "the weights: sha256:abababababababab.. before, sha256:cdcdcdcdcdcdcdcd.. now",
        "the input size: [32, 32] before, [64, 64] now",
        "the sites: now without blocks.1.attn.hook_z and with blocks.2.hook_resid_post",
        "the tokens: all before, patches now",
        "2 images have other contents: 1.png, 4.png",
    ]


def test_a_changed_image_list_is_told_by_names() -> None:
    plan = make_plan(ENTRIES)
    extra = replace(ENTRY, name="new.png")
    longer = replace(plan, images=(*ENTRIES[1:], extra, extra))
    assert plan.differences(longer) == [
        "the image list: 7 images before, 8 now; gone: 0.png; new: new.png"
    ]
    turned = replace(plan, images=tuple(reversed(ENTRIES)))
    assert plan.differences(turned) == ["the image list: the same images in another order"]


def test_a_plan_comes_back_from_plain_data_the_same() -> None:
    plan = make_plan(ENTRIES)
    assert Plan.from_json(plan.to_json(), plan.images) == plan


@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_file_name_survives_the_image_list(name) -> None:
    entry = replace(ENTRY, name=name, path=f"/x/{name}")
    assert images_from_csv(images_to_csv([entry, replace(ENTRY, path=None)])) == [
        entry,
        replace(ENTRY, path=None),
    ]


def test_a_model_describes_itself_for_a_plan() -> None:
    model, preprocessing = describe_model(tiny_model())
    plan = make_plan(ENTRIES)
    assert model.keys() == plan.model.keys()
    assert preprocessing == plan.preprocessing
    assert (model["grid"], model["d_mlp"], model["dtype"]) == ([4, 4], 128, "float32")


def test_a_name_that_is_not_utf8_survives_on_disk(tmp_path) -> None:
    odd = replace(ENTRY, name='b\udcff\r\n,".png', path="/x/b\udcff.png")
    plan = make_plan([odd, ENTRY])
    assert read_plan(start_recording(tmp_path, plan)) == plan
