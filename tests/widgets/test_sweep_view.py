"""The view of settings: each point is what `excavate` would give, and nothing finished is lost."""

from dataclasses import replace

import numpy as np
import pytest

from tests.widgets.explorers import answers_of, decoded, embedded
from workbench.clip.hooked import HookedCLIP
from workbench.errors import SettingError
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.widgets.explorer import sweep
from workbench.widgets.explorer.sweeping import SweepView

K = 8


@pytest.fixture(scope="module")
def excavation(model, dataset):
    return excavate(dataset, model, Settings(k=K), shots=3)


@pytest.fixture(scope="module")
def finished(excavation, dataset):
    """Every point, by axis and value."""
    found = sweep.Sweep(answers_of(excavation, dataset), tuple(dataset))
    for _ in found.steps():
        pass
    return {(point.axis, point.value): point for point in found.points.values()}


@pytest.fixture
def view(excavation, dataset, lines):
    return SweepView(excavation, dataset)


@pytest.fixture
def passes(monkeypatch):
    """Count the images that are walked over, batch by batch; a backbone looks at supports."""
    seen = []
    real = HookedCLIP.patches

    def counted(self, pixels, sites):
        seen.append(len(pixels))
        return real(self, pixels, sites)

    monkeypatch.setattr(HookedCLIP, "patches", counted)
    return seen


@pytest.mark.parametrize(
    ("axis", "value", "changes"),
    [
        ("k", 5, {"k": 5}),
        ("k", 20, {"k": 20}),
        ("k", 32, {"k": 32}),
        ("text_weight", 0.0, {"text_weight": 0.0}),
        ("text_weight", 1.0, {"text_weight": 1.0}),
        ("layer", "blocks.3.hook_resid_post", {"site": "blocks.3.hook_resid_post"}),
        ("shots", 1, {"shots": 1}),
        ("shots", 4, {"shots": 4}),
    ],
)
def test_a_point_is_what_excavating_with_that_setting_gives(
    finished, model, dataset, axis, value, changes
):
    changes = dict(changes)
    shots = changes.pop("shots", 3)
    other = excavate(dataset, model, replace(Settings(k=K), **changes), shots=shots)
    expected = evaluate(other, dataset)
    point = finished[axis, value]
    assert point.scores == pytest.approx(
        np.array([row.score for row in expected.rows]), rel=1e-3, abs=1e-3
    )
    for name, measure in point.measures.items():
        assert measure.value == pytest.approx(expected.value(name), abs=1e-9)
        assert measure.low == pytest.approx(expected.measures[name].low, abs=1e-9)
    assert point.aupro == pytest.approx(expected.value("pixel_aupro"), abs=5e-3)
    assert point.own_scales
    held_out = np.array(point.excavation.held_out_scores)
    assert held_out == pytest.approx(np.array(other.held_out_scores), rel=1e-3, abs=1e-3)


def test_the_run_itself_lies_on_every_axis_from_the_start(view, passes):
    assert [(point.axis, point.value) for point in view.points] == [
        ("k", K),
        ("text_weight", 0.3),
        ("layer", "blocks.1.hook_resid_post"),
        ("shots", 3),
    ]
    assert passes == []
    assert all(np.array_equal(p.fused, view._answers.opening.fused) for p in view.points)


def test_text_weight_and_smaller_k_take_no_pass_and_all_the_rest_take_one(view, passes):
    steps = view._sweep.steps()
    kept = 4 + 3 + 10  # the run, K of 1, 2 and 5, ten other weights
    for parcel in steps:
        if parcel.header["done"] == kept:
            break
    assert passes == []
    for _ in steps:
        pass
    assert passes == [4, 4]  # the eight images, once


def test_points_come_one_after_the_other_and_the_last_word_says_that_all_is_there(view, lines):
    answers = [content for content, _ in lines[-1].say(id=1, ask="sweep")]
    done = [one["header"]["done"] for one in answers]
    assert done == sorted(done)
    assert len(set(done)) > 25
    last = answers[-1]
    assert last["header"]["done"] == last["header"]["of"]
    assert [one.get("more", False) for one in answers].count(False) == 1
    assert "more" not in last
    axes = {axis["name"]: axis for axis in last["header"]["axes"]}
    values = [point["value"] for point in axes["k"]["points"]]
    assert " ".join(values) == "1 2 5 8 10 20 32"
    assert axes["k"]["own"] == 3
    assert all(len(point["auroc"]) == 3 for point in axes["layer"]["points"])


@pytest.mark.parametrize("at", [3, 20, 33])
def test_an_interrupt_anywhere_loses_nothing_that_was_finished(view, finished, monkeypatch, at):
    calls = []
    judged = sweep.Excavation.patch_scores

    def count():
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt

    def patch_scores(self, seen):
        count()
        return judged(self, seen)

    monkeypatch.setattr(sweep.Excavation, "patch_scores", patch_scores)
    point = view._sweep._point
    monkeypatch.setattr(view._sweep, "_point", lambda *a, **k: (count(), point(*a, **k))[1])
    with pytest.raises(KeyboardInterrupt):
        view.finish()
    before = dict(view._sweep.points)
    found = view.finish()
    assert len(found) == len(finished)
    for one in found:
        other = finished[one.axis, one.value]
        assert np.allclose(one.fused, other.fused)
        assert one.aupro == other.aupro
    for place, kept in before.items():
        assert view._sweep.points[place].fused is kept.fused


def test_choosing_a_point_gives_its_scores_maps_and_threshold(view, lines):
    view.finish()
    line = lines[-1]
    said = []
    view.on_change(said.append)
    place = [1, 0]
    ((content, buffers),) = line.say(id=2, ask="detect", mode="point", positions=place)
    arrays = decoded(content["arrays"], buffers)
    point = view._sweep.points[1, 0]
    assert arrays["scores"] == pytest.approx(point.scores, rel=1e-6)
    assert content["header"]["threshold"] is not None
    assert content["header"]["note"] == "text weight: 0. Scales are its own."
    subset = {"mode": "point", "positions": place}
    ((content, buffers),) = line.say(id=3, ask="image", index=5, subset=subset)
    arrays = decoded(content["arrays"], buffers)
    assert np.array_equal(arrays["fused"], point.fused[5])
    assert set(arrays) == {"picture", "mask", "fused"}
    line.say(id=4, ask="chosen", point=place, image=5)
    assert view.selected is point
    assert said == [view]
    line.say(id=5, ask="chosen", image=5)
    assert view.selected is None


def test_python_chooses_a_point_and_the_view_follows(view, lines):
    with pytest.raises(SettingError, match="not worked out yet"):
        view.selected = ("k", 5)
    view.finish()
    view.selected = ("k", 5)
    assert lines[-1].answers()[-1][0] == {"push": "choose", "point": [0, 2]}
    ((content, _),) = lines[-1].say(id=1, ask="open")
    assert content["header"]["chosen"]["point"] == [0, 2]
    view.selected = view.points[0]
    assert view.selected is view.points[0]
    view.selected = None
    assert lines[-1].answers()[-1][0] == {"push": "choose", "point": []}
    with pytest.raises(SettingError, match="no point 'k', 7; there are"):
        view.selected = ("k", 7)
    ((content, _),) = lines[-1].say(id=2, ask="detect", mode="point", positions=[9, 9])
    assert "there is no point" in content["error"]


def test_an_axis_that_cannot_be_had_says_why(model, excavation, dataset, lines):
    tests = [one for one in dataset if one.split == "test"]
    notes = {axis.name: axis.note for axis in SweepView(excavation, tests)._sweep.axes}
    assert notes["k"] == (
        "More than 8 cannot be tried: the support's pictures are not among the images."
    )
    assert notes["layer"].startswith("Other layers cannot be tried: the support's pictures")
    assert notes["shots"].endswith("there are no training normals among the images.")
    other = excavate(dataset, model, Settings(k=K, selection="random", text_weight=0), shots=2)
    view = SweepView(other, dataset)
    axes = {axis.name: axis for axis in view._sweep.axes}
    assert axes["k"].values == (8,)
    assert axes["k"].note == "The run took random neurons, not the top K."
    assert axes["text_weight"].values == (0.0,)
    assert "no text branch" in axes["text_weight"].note
    assert len(view.finish()) == 1 + 1 + 4 + 3


def test_without_labels_or_masks_the_points_are_there_and_unjudged(excavation, dataset, lines):
    bare = SweepView(excavation, [one.path for one in dataset if one.split == "test"])
    points = bare.finish()
    assert points[0].measures == {}
    told = bare._sweep.now.header
    assert told["done"] == told["of"]
    assert told["no_pixels"] == "No image has a label."
    assert "auroc" not in told["axes"][0]["points"][0]


def test_paused_work_is_gone_on_with(view, lines, monkeypatch):
    from workbench.widgets.explorer.later import Later

    monkeypatch.setattr(Later, "wait", lambda self: None)
    line = lines[-1]
    ((first, _),) = line.say(id=1, ask="sweep")
    assert first["more"]
    (told, own) = [content for content, _ in line.say(id=2, ask="pause")]
    assert (told["id"], own["id"]) == (1, 2)
    assert "more" not in told
    monkeypatch.undo()
    last, _ = line.say(id=3, ask="sweep")[-1]
    assert last["header"]["done"] == last["header"]["of"]


def test_a_saved_page_holds_the_points_that_are_finished(view, tmp_path):
    found = embedded(view.save_html(tmp_path / "page.html").read_text("utf-8"))
    assert found["sweep"][0]["done"] < found["sweep"][0]["of"]
    assert {key for key in found if key.startswith("point:")} == {
        "point:0:3",
        "point:1:3",
        "point:2:1",
        "point:3:2",
    }
    assert np.allclose(found["point:0:3"][1]["scores"], view._answers.opening.scores)
