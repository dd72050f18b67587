"""Every answer against the slow way to it."""

import gc
import io
import weakref

import numpy as np
import pytest
import torch
from PIL import Image

from tests.surfaces import draw_category
from tests.widgets.explorers import answers_of
from workbench.cards.common import Choices
from workbench.cards.gather import cards_of_run
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError, SiteError
from workbench.evaluation.evaluate import threshold_of
from workbench.excavation.excavate import excavate
from workbench.excavation.features import walk
from workbench.excavation.settings import Settings
from workbench.images.stream import prepare
from workbench.images.truth import true_mask
from workbench.neurons.labels import Vocabulary, label
from workbench.widgets.explorer.features import Features, narrow

K = 8


@pytest.fixture(scope="module")
def excavation(model, dataset):
    return excavate(dataset, model, Settings(k=K), shots=3)


@pytest.fixture(scope="module")
def tests(dataset):
    return [sample for sample in dataset if sample.split == "test"]


@pytest.fixture(scope="module")
def answers(excavation, dataset):
    return answers_of(excavation, dataset)


@pytest.fixture(scope="module")
def found(excavation, tests):
    return list(excavation.score(tests))


@pytest.fixture(scope="module")
def patches(model, excavation, tests):
    sites = [f"blocks.{layer}.hook_resid_post" for layer in range(4)]
    with torch.no_grad():
        return model.patches(prepare(tests, model), sites)


def test_open_has_the_scores_and_peaks_of_the_detector(answers, excavation, found, tests):
    parcel = answers.open()
    header, arrays = parcel.header, parcel.arrays
    assert [one["name"] for one in header["images"]] == [sample.name for sample in tests]
    assert [one["label"] for one in header["images"]] == [sample.label for sample in tests]
    assert arrays["scores"] == pytest.approx([each.score for each in found], rel=1e-5)
    assert arrays["visual"] == pytest.approx([each.visual.max() for each in found], rel=1e-5)
    assert arrays["text"] == pytest.approx([each.text.max() for each in found], rel=1e-4)
    assert arrays["peaks"].tolist() == [list(each.peak) for each in found]
    assert header["threshold"] == threshold_of(excavation).value
    assert header["display_range"]["text"] == list(excavation.display_range("text"))
    assert header["selected"] == list(excavation.neurons.indices)
    first = header["images"][0]
    assert (first["width"], first["height"]) == (44, 36)


def test_training_images_in_a_list_are_judged_and_the_view_says_so(
    excavation, dataset, tests, answers
):
    assert answers.open().header["notes"] == []
    training = [sample for sample in dataset if sample.split == "train"]
    (note,) = answers_of(excavation, [*training, *tests]).open().header["notes"]
    assert note.startswith(f"Judged too: {len(training)} training images.")
    (note,) = answers_of(excavation, [*tests, training[0]]).open().header["notes"][-1:]
    assert note.startswith("Judged too: 1 training image.")


def test_open_has_every_layers_sensitivity_as_an_excavation_there_would(answers, model, dataset):
    parcel = answers.open()
    values = np.split(
        parcel.arrays["sensitivity"],
        np.cumsum([one["neurons"] for one in parcel.header["sites"]])[:-1],
    )
    assert [one["layer"] for one in parcel.header["sites"]] == [0, 1, 2, 3]
    for one, own in zip(parcel.header["sites"], values, strict=True):
        there = excavate(dataset, model, shots=3, k=1, text_weight=0.0, site=one["site"])
        assert own == pytest.approx(there.sensitivity, rel=1e-5)


def test_open_has_the_ends_of_the_selected_neurons_and_what_is_normal(
    answers, excavation, patches, model, dataset
):
    arrays = answers.open().arrays
    chosen = patches[excavation.neurons.site][..., list(excavation.neurons.indices)]
    assert arrays["maxima"] == pytest.approx(chosen.amax(1).numpy(), rel=1e-3, abs=1e-3)
    assert arrays["minima"] == pytest.approx(chosen.amin(1).numpy(), rel=1e-3, abs=1e-3)
    known = {sample.name: sample for sample in dataset}
    with torch.no_grad():
        normal = model.patches(
            prepare([known[name] for name in excavation.support], model), [excavation.neurons.site]
        )[excavation.neurons.site][..., list(excavation.neurons.indices)].flatten(0, 1)
    assert arrays["centre"] == pytest.approx(normal.mean(0).numpy(), rel=1e-4, abs=1e-5)
    assert arrays["spread"] == pytest.approx(normal.std(0, correction=0).numpy(), rel=1e-4)


def test_thumbnails_lie_row_by_row_and_look_like_their_images(answers, tests):
    parcel = answers.open()
    side, columns = parcel.header["thumb"]["side"], parcel.header["thumb"]["columns"]
    sheet = Image.open(io.BytesIO(parcel.arrays["thumbs"].tobytes())).convert("RGB")
    assert sheet.size == (len(tests) * side, side)
    assert columns >= len(tests)
    for number, sample in enumerate(tests):
        tile = sheet.crop((number * side, 0, (number + 1) * side, side))
        image = Image.open(sample.path).convert("RGB").resize((side, side))
        difference = np.abs(np.asarray(tile, float) - np.asarray(image, float)).mean()
        assert difference < 12
    assert np.array_equal(answers.thumbs(0).arrays["thumbs"], parcel.arrays["thumbs"])
    with pytest.raises(SettingError, match="no part of the thumbnails 1"):
        answers.thumbs(1)


def test_an_image_has_its_maps_and_shares_that_sum_to_the_visual_score(answers, found):
    for number, each in enumerate(found):
        arrays = answers.image(number).arrays
        assert arrays["fused"] == pytest.approx(each.fused.ravel(), rel=1e-5)
        assert arrays["visual"] == pytest.approx(each.visual.ravel(), rel=1e-5)
        assert arrays["text"] == pytest.approx(each.text.ravel(), rel=1e-4, abs=1e-4)
        shares = shares_of(arrays)
        # Half precision rounds by 2^-11; the rows are of length 1, their distance 2 sqrt(visual).
        error = 4 * 2**-11 * np.sqrt(each.visual.ravel()) + 2**-20
        assert (np.abs(shares.sum(1) - each.visual.ravel()) < error).all()
        slow = np.stack([each.shares(*divmod(patch, 4)) for patch in range(16)])
        assert (np.abs(shares - slow) < error[:, None]).all()


def shares_of(arrays, columns=slice(None)):
    """As the front end does."""

    def unit(rows):
        rows = rows[:, columns].astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    return (unit(arrays["features"]) - unit(arrays["nearest"])) ** 2 / 4


def test_the_nearest_normal_patch_is_the_detectors_and_so_are_its_activations(
    answers, excavation, found, model, dataset
):
    arrays = answers.image(5).arrays
    known = {sample.name: sample for sample in dataset}
    support = [known[name] for name in excavation.support]
    with torch.no_grad():
        site = excavation.neurons.site
        rows = model.patches(prepare(support, model), [site])[site]
    for patch in range(16):
        image, row, column = arrays["nearest_at"][patch].tolist()
        there = found[5].nearest(*divmod(patch, 4))
        assert (excavation.support[image], row, column) == (there.image, there.row, there.column)
        there = rows[image, row * 4 + column, list(excavation.neurons.indices)]
        assert arrays["nearest"][patch] == pytest.approx(there.numpy(), rel=2e-3, abs=2e-3)


def test_masks_are_there_where_the_truth_is_known(answers, tests):
    for number, sample in enumerate(tests):
        mask = answers.image(number).arrays["mask"]
        if sample.label == 0:
            assert mask.tolist() == [[0]]
        else:
            assert np.array_equal(mask, true_mask(sample, (36, 44)))


def test_pictures_and_masks_travel_small(excavation, tmp_path):
    from workbench.images.samples import Sample

    rng = np.random.default_rng(0)
    path, mask = tmp_path / "large.png", tmp_path / "mask.png"
    Image.fromarray(rng.integers(0, 255, (900, 1500, 3), np.uint8)).save(path)
    truth = np.zeros((900, 1500), np.uint8)
    truth[400, 700] = 255
    Image.fromarray(truth).save(mask)
    answers = answers_of(excavation, [Sample(path, "test", 1, "dot", (mask,))])
    parcel = answers.image(0)
    sent = Image.open(io.BytesIO(parcel.arrays["picture"].tobytes()))
    assert sent.size == (512, 307)
    assert parcel.header["width"] == 1500
    assert parcel.arrays["mask"].shape == (154, 256)
    assert parcel.arrays["mask"].sum() == 1


def test_a_neuron_is_told_as_its_card_tells_it(answers, excavation, dataset):
    cards = cards_of_run(excavation, dataset["metal_sheet"], choices=Choices(exemplars=9, draws=19))
    site = excavation.neurons.site
    for index in excavation.neurons.indices[:3]:
        card, header = cards[f"{site}:{index}"], answers.neurons.answer(site, index).header
        assert header["rank"] == card.place.rank
        assert header["sensitivity"] == pytest.approx(card.place.sensitivity)
        assert header["alone"]["value"] == card.alone.value
        assert header["alone"]["low"] == card.alone.low
        assert header["carries"] == pytest.approx(card.carries, abs=1e-6)
        assert header["edges"] == pytest.approx(card.edges.tolist())
        for mine, its in zip(header["groups"], card.histograms, strict=True):
            assert mine["counts"] == its.counts.tolist()
            assert mine["mean"] == pytest.approx(its.mean)
        *_, last = answers.neurons.rest(site, index)
        later = last.header["silenced"]
        assert later["value"] == pytest.approx(card.silenced.auroc.value)
        assert (later["low"], later["high"]) == (card.silenced.auroc.low, card.silenced.auroc.high)


@pytest.mark.parametrize("layer", [0, 1, 3])
def test_a_neuron_of_any_layer_has_its_maxima_places_and_exemplars(
    answers, patches, tests, excavation, layer
):
    site, index = f"blocks.{layer}.hook_resid_post", 7
    parcel = answers.neurons.answer(site, index)
    values = patches[site][..., index].numpy()
    assert parcel.arrays["maxima"] == pytest.approx(values.max(1), rel=1e-5)
    rows, columns = parcel.arrays["at"].T
    assert (rows * 4 + columns).tolist() == values.argmax(1).tolist()
    best = np.sort(values.ravel())[::-1][:9]
    assert parcel.arrays["exemplar_values"] == pytest.approx(best, rel=1e-5)
    for (image, row, column), value in zip(parcel.arrays["exemplar_at"], best, strict=True):
        assert values[image, row * 4 + column] == pytest.approx(value, rel=1e-5)
    strip = Image.open(io.BytesIO(parcel.arrays["exemplars"].tobytes()))
    assert strip.size == (9 * parcel.header["tile"], parcel.header["tile"])
    assert parcel.header["selected"] == (index in excavation.neurons and layer == 1)
    assert ("carries" in parcel.header) == parcel.header["selected"]


def test_a_wide_site_is_watched_neuron_by_neuron_to_the_same_end(
    excavation, dataset, answers, monkeypatch
):
    from workbench.widgets.explorer import neurons

    monkeypatch.setattr(neurons, "TOGETHER", 4)
    other = answers_of(excavation, dataset, room=1)  # an opening of its own
    assert other.opening is not answers.opening
    for index in (3, 9):
        mine = other.neurons.answer("blocks.2.hook_resid_post", index)
        its = answers.neurons.answer("blocks.2.hook_resid_post", index)
        assert mine.header == its.header
        assert all(np.array_equal(mine.arrays[name], its.arrays[name]) for name in its.arrays)


def test_what_an_explorer_found_is_taken_over_by_the_next_one_unless_a_file_has_changed(
    excavation, tmp_path, monkeypatch
):
    from workbench.widgets.explorer import opening

    shown = draw_category(tmp_path / "metal_sheet")
    passes = []
    monkeypatch.setattr(
        opening, "walk", lambda *a, **k: passes.append(1) or walk(*a, **k), raising=True
    )
    first = answers_of(excavation, shown)
    second = answers_of(excavation, shown)
    assert len(passes) == 1
    assert second.opening is first.opening
    sample = first.opening.samples[0]
    Image.open(sample.path).rotate(90).save(sample.path)
    third = answers_of(excavation, shown)
    assert len(passes) == 2
    assert third.opening.scores[0] != first.opening.scores[0]
    assert np.array_equal(third.opening.scores[1:], first.opening.scores[1:])


def test_what_was_found_goes_with_the_last_explorer_that_shows_it(excavation, dataset):
    answers = answers_of(excavation, dataset, seed=7)
    alive = weakref.ref(answers.opening)
    del answers
    gc.collect()
    assert alive() is None


def test_neurons_of_every_site_are_looked_at_before_anybody_asks(excavation, dataset, monkeypatch):
    from workbench.widgets.explorer import neurons

    asked = answers_of(excavation, dataset, seed=1).neurons
    ahead = answers_of(excavation, dataset, seed=2).neurons
    slices = sum(1 for _ in ahead.watch_the_rest())
    assert slices == 2 + len(ahead.sensitivity)  # eight images in slices of four, then each site
    monkeypatch.setattr(neurons, "walk", None)  # no further pass
    site = "blocks.0.hook_resid_post"
    told = ahead.answer(site, 5)
    monkeypatch.undo()
    its = asked.answer(site, 5)
    assert told.header == its.header
    assert all(np.array_equal(told.arrays[name], its.arrays[name]) for name in its.arrays)


def test_sites_without_room_wait_until_they_are_asked_for(excavation, dataset, monkeypatch):
    from workbench.widgets.explorer import neurons

    answers = answers_of(excavation, dataset, seed=3)
    width = len(answers.sensitivity["blocks.0.hook_resid_post"])
    monkeypatch.setattr(neurons, "AT_LEISURE", len(answers.opening.samples) * width * 16)
    for _ in answers.neurons.watch_the_rest():
        pass
    assert list(answers.opening.watches) == ["blocks.0.hook_resid_post"]


def test_neurons_that_there_are_not_are_refused(answers):
    with pytest.raises(SiteError, match="no neurons of nowhere are listed"):
        answers.neurons.answer("nowhere", 0)
    with pytest.raises(SiteError, match="the site has 32"):
        answers.neurons.answer("blocks.1.hook_resid_post", 32)


def test_labels_that_were_given_are_shown(excavation, dataset, tests, model):
    words = Vocabulary.of({"all": ["red", "blue", "grey"]}, "mine")
    few = NeuronSet(excavation.neurons.site, excavation.neurons.indices[:2])
    labels = label(model, few, tests, vocabulary=words, methods=("dissect",), draws=19)
    answers = answers_of(excavation, dataset, labels)
    (told,) = answers.neurons.answer(few.site, few[1]).header["labels"]
    expected = labels.of(1)["dissect"]
    assert (told["method"], told["term"]) == ("dissect", expected.term)
    assert told["score"] == pytest.approx(expected.score)
    assert answers.neurons.answer(few.site, excavation.neurons[3]).header["labels"] == []
    terms = {name: labels.of(at)["dissect"].term for at, name in enumerate(few.names)}
    assert answers.open().header["labels"] == {n: t for n, t in terms.items() if t is not None}


@pytest.mark.parametrize("room", [0, 16 * K * 2 * 3, 2**28])
def test_features_are_the_same_whether_kept_or_looked_at_again(excavation, dataset, patches, room):
    answers = answers_of(excavation, dataset, room=room)
    features = answers.opening.features
    assert features.nbytes <= room
    expected = patches[excavation.neurons.site][..., list(excavation.neurons.indices)]
    spread = expected.flatten(0, 1).std(0)
    order, rows = [], []
    for indices, some in features.batches(range(8)):
        order += indices
        rows.append(some)
    assert sorted(order) == list(range(8))
    assert ((torch.cat(rows) - expected[order]).abs() <= 4e-3 * spread + 1e-5).all()
    assert torch.equal(features[5], torch.cat(rows)[order.index(5)])


def test_large_offsets_do_not_cost_the_kept_features_their_digits(excavation):
    features = Features(excavation, [], 2**20)
    rows = 1000 + torch.randn(16, K, generator=torch.Generator().manual_seed(0))
    features.put(0, rows)
    assert (features[0] - rows).abs().max() < 4e-3


def test_activations_travel_in_half_precision_unless_that_loses_how_they_vary():
    rows = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    assert narrow(rows).dtype == np.float16
    assert narrow(rows + 1000).dtype == np.float32
    assert narrow(rows * 1e6).dtype == np.float32
    assert narrow(torch.ones(3, 2)).dtype == np.float32


@pytest.mark.parametrize(
    "choices",
    [
        {"normality": "moments"},
        {"metric": "squared_euclidean"},
        {"neighbours": 2},
        {"text_weight": 0.0},
        {"fusion": "raw"},
        {"layer_norm": True},
    ],
    ids=str,
)
def test_every_kind_of_run_is_shown_with_shares_that_sum_to_its_score(
    model, dataset, tests, choices
):
    excavation = excavate(dataset, model, Settings(k=K, **choices), shots=3)
    answers = answers_of(excavation, dataset)
    assert answers.normal is not None
    for number, each in enumerate(excavation.score(tests[:3])):
        arrays = answers.image(number).arrays
        assert ("text" in arrays) == (each.text is not None)
        assert ("shares" in arrays) != ("nearest" in arrays)
        shares = arrays["shares"] if "shares" in arrays else shares_of(arrays)
        assert shares.sum(1) == pytest.approx(each.visual.ravel(), rel=0.02)
        assert ("nearest_at" in arrays) == (choices.get("normality") != "moments")
    header = answers.open().header
    assert header["fusion"]["kind"] == excavation.settings.fusion


def test_images_that_are_gone_are_named_before_anything_is_computed(excavation, tests, monkeypatch):
    from pathlib import Path

    from workbench.images.samples import Sample

    gone = Sample(Path("nowhere/gone.png"), "test", 0, "good")
    with pytest.raises(DataError, match=r"1 of the 9 images are missing, first nowhere/gone.png"):
        answers_of(excavation, [*tests, gone])
    with pytest.raises(DataError, match="no images to explore"):
        answers_of(excavation, [])
