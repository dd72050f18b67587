"""The explorer's messages, its choice from both sides, and what bad input gets."""

import asyncio
import json
import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.surfaces import draw_category, make_model
from tests.widgets.explorers import decoded
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, RunError, SettingError, SiteError
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.widgets.explorer import front, later
from workbench.widgets.explorer.widget import NeuronExplorer, explore

K = 8
SITE = "blocks.1.hook_resid_post"


@pytest.fixture(scope="module")
def excavation(model, dataset):
    return excavate(dataset, model, Settings(k=K), shots=3)


@pytest.fixture
def explorer(excavation, dataset, lines):
    return explore(excavation, dataset)


@pytest.fixture
def line(explorer, lines):
    return lines[-1]


def arrays(answer):
    content, buffers = answer
    return decoded(content["arrays"], buffers)


def test_each_question_is_answered_by_its_number_with_arrays_in_binary(explorer, line, excavation):
    (opened,) = line.say(id=1, ask="open")
    assert opened[0]["id"] == 1
    assert len(arrays(opened)["scores"]) == len(explorer.images)
    (image,) = line.say(id=2, ask="image", index=3)
    assert arrays(image)["features"].shape == (16, K)
    (found,) = line.say(id=3, ask="detect", mode="only", positions=[0, 2])
    subset = {"mode": "only", "positions": [0, 2]}
    (part,) = line.say(id=4, ask="image", index=3, subset=subset)
    assert arrays(part)["fused"].max() == pytest.approx(arrays(found)["scores"][3], rel=1e-5)
    (whole,) = line.say(id=5, ask="detect", mode="only", positions=[])
    assert np.array_equal(arrays(whole)["scores"], arrays(opened)["scores"])
    (thumbs,) = line.say(id=6, ask="thumbs", part=0)
    assert np.array_equal(arrays(thumbs)["thumbs"], arrays(opened)["thumbs"])


def test_what_silencing_does_follows_under_the_same_number(line):
    first, second = line.say(id=9, ask="neuron", site=SITE, index=3)
    assert first[0]["more"] is True
    assert first[0]["id"] == second[0]["id"] == 9
    assert "silenced" not in first[0]["header"]
    assert second[0]["header"]["silenced"]["images"] == 8
    assert "more" not in second[0]
    (again,) = line.say(id=10, ask="neuron", site=SITE, index=3)
    assert again[0]["header"]["silenced"] == second[0]["header"]["silenced"]


def test_with_many_images_what_a_neuron_does_by_itself_follows_before_what_silencing_does(
    line, monkeypatch
):
    from workbench.widgets.explorer import neurons

    prompt = line.say(id=1, ask="neuron", site=SITE, index=3)[0][0]["header"]["alone"]
    monkeypatch.setattr(neurons, "PROMPT", 7)
    first, second, third = line.say(id=2, ask="neuron", site=SITE, index=4)
    assert "alone" not in first[0]["header"]
    assert second[0]["header"].keys() == {"site", "index", "alone"}
    assert third[0]["header"].keys() == {"site", "index", "alone", "silenced"}
    assert [one[0].get("more", False) for one in (first, second, third)] == [True, True, False]
    (again,) = line.say(id=3, ask="neuron", site=SITE, index=3)
    assert again[0]["header"]["alone"] == prompt


def test_in_a_notebook_silencing_waits_until_nothing_else_is_asked(line, monkeypatch):
    monkeypatch.setattr(later, "IDLE", 0.05)

    async def session():
        line.say(id=1, ask="neuron", site=SITE, index=3)
        line.say(id=2, ask="neuron", site=SITE, index=4)
        start = len(line.sent)
        await asyncio.sleep(0.02)
        line.say(id=3, ask="image", index=0)
        for _ in range(200):
            await asyncio.sleep(0.02)
            if len(line.sent) > start + 1:
                break
        return line.answers(start)

    image, late = asyncio.run(session())
    assert image[0]["id"] == 3
    assert late[0]["id"] == 2
    assert "silenced" in late[0]["header"]


def test_silencing_rests_while_something_else_is_asked_and_then_goes_on(
    explorer, line, monkeypatch
):
    monkeypatch.setattr(later, "IDLE", 0.05)
    worked = []
    rest = explorer._answers.neurons.rest

    def watched(site, index):
        for step in rest(site, index):
            worked.append(index)
            yield step

    monkeypatch.setattr(explorer._answers.neurons, "rest", watched)

    async def session():
        line.say(id=1, ask="neuron", site=SITE, index=3)
        for _ in range(500):
            await asyncio.sleep(0)
            if worked:
                break
            await asyncio.sleep(0.001)
        started = len(worked)
        line.say(id=2, ask="image", index=0)
        await asyncio.sleep(0.02)
        rested = len(worked)
        for _ in range(500):
            await asyncio.sleep(0.01)
            if len(worked) == 3:
                break
        return started, rested

    assert asyncio.run(session()) == (1, 1)
    assert worked == [3, 3, 3]  # eight images in slices of four, then the answer
    assert line.answers()[-1][0]["id"] == 1


def test_an_explorer_that_is_closed_works_nothing_out_any_more(explorer, line, monkeypatch):
    monkeypatch.setattr(later, "IDLE", 0.01)

    async def session():
        line.say(id=1, ask="neuron", site=SITE, index=3)
        explorer.close()
        start = len(line.sent)
        await asyncio.sleep(0.05)
        return line.answers(start)

    assert asyncio.run(session()) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"ask": "image", "index": 99}, "no image 99: there are 8"),
        ({"ask": "image", "index": "<b>"}, "index is '<b>'; it must be"),
        ({"ask": "image", "index": True}, "index is True"),
        ({"ask": "image"}, "index is None"),
        ({"ask": "neuron", "site": "<b>", "index": 1}, "no neurons of <b> are listed"),
        ({"ask": "neuron", "site": SITE, "index": 10**6}, "the site has 32"),
        ({"ask": "detect", "mode": "without", "positions": list(range(K))}, "no neuron is left"),
        ({"ask": "detect", "mode": "only", "positions": None}, "must be a list"),
        ({"ask": "detect", "mode": "only", "positions": ["a"]}, "position 'a'"),
        ({"ask": "thumbs", "part": 5}, "no part of the thumbnails 5"),
        ({"ask": "everything"}, "nothing is known of the question 'everything'"),
        ({"ask": "chosen", "neurons": ["nowhere:1"]}, "no neurons of nowhere"),
        ({"ask": "chosen", "image": 8}, "no image 8"),
        ({"ask": "chosen", "patch": [4, 0]}, "no patch at row 4"),
        ({"ask": "chosen", "patch": [1]}, "a row and a column"),
        ({"ask": "chosen", "threshold": "high"}, "must be a number"),
    ],
    ids=str,
)
def test_what_cannot_be_answered_gets_one_sentence(line, explorer, asked, said):
    ((content, buffers),) = line.say(id=7, **asked)
    assert content["id"] == 7
    assert set(content) == {"id", "error"}
    assert said in content["error"]
    assert "\n" not in content["error"]
    assert buffers == []
    assert (explorer.selected_neurons, explorer.selected_image) == ((), None)
    assert len(line.say(id=8, ask="open")) == 1


def test_a_defect_of_ours_is_one_sentence_in_the_view_and_goes_to_the_log(
    line, explorer, caplog, capsys
):
    explorer._answers.open = lambda **_: 1 / 0
    ((content, _),) = line.say(id=7, ask="open")
    assert content["error"].startswith("The workbench has a defect (ZeroDivisionError)")
    assert "Traceback" not in content["error"]
    assert "division by zero" in caplog.text + capsys.readouterr().err


def test_an_image_that_is_gone_by_now_is_one_sentence_and_the_others_stay(model, lines, tmp_path):
    data = draw_category(tmp_path / "metal_sheet")
    explorer = explore(excavate(data, model, Settings(k=K), shots=3), data)
    explorer.images[2].path.unlink()
    ((content, _),) = lines[-1].say(id=1, ask="image", index=2)
    assert explorer.images[2].path.name in content["error"]
    ((content, _),) = lines[-1].say(id=2, ask="image", index=3)
    assert "error" not in content


def test_python_sees_what_was_clicked_and_is_called(explorer, line, excavation):
    seen = []
    explorer.on_change(lambda one: seen.append((one.selected_neurons, one.selected_image)))
    names = [f"{SITE}:3", "blocks.0.hook_resid_post:5", f"{SITE}:1"]
    line.say(id=0, ask="chosen", neurons=names, image=2, patch=[1, 3], threshold=0.25)
    assert explorer.selected_neurons == (
        NeuronSet(SITE, (3, 1)),
        NeuronSet("blocks.0.hook_resid_post", (5,)),
    )
    assert explorer.selected_image is explorer.images[2]
    assert explorer.selected_patch == (1, 3)
    assert explorer.threshold == 0.25
    assert seen == [(explorer.selected_neurons, explorer.selected_image)]
    line.say(id=0, ask="chosen", neurons=[], image=None, patch=None, threshold=0.5)
    assert (explorer.selected_neurons, explorer.selected_image) == ((), None)
    assert len(seen) == 2
    assert line.answers()[-1:] == []


def test_messages_from_another_thread_are_worked_on_where_the_cells_run(excavation, dataset, lines):
    async def session():
        explorer = explore(excavation, dataset)
        threads = []
        explorer.on_change(lambda _: threads.append(threading.current_thread()))
        await asyncio.to_thread(lines[-1].say, id=1, ask="open")
        await asyncio.to_thread(lines[-1].say, id=0, ask="chosen", image=1)
        await asyncio.sleep(0)
        return lines[-1].answers(), threads

    answers, threads = asyncio.run(session())
    assert [content["id"] for content, _ in answers] == [1]
    assert threads == [threading.current_thread()]


def test_what_was_clicked_goes_on_into_the_next_cell(explorer, line, excavation):
    line.say(id=0, ask="chosen", neurons=[f"{SITE}:3"], image=2)
    (found,) = excavation.score(explorer.selected_image)
    assert found.score == pytest.approx(explorer._answers.opening.scores[2], rel=1e-5)


def test_a_callback_given_twice_is_called_once_and_can_be_removed(explorer, line):
    calls = []

    @explorer.on_change
    def callback(_):
        calls.append(1)

    explorer.on_change(callback)
    line.say(id=0, ask="chosen", image=1)
    assert calls == [1]
    explorer.on_change(callback, remove=True)
    line.say(id=0, ask="chosen", image=2)
    assert calls == [1]


def test_choosing_from_python_tells_the_front_end_and_calls_nobody(explorer, line):
    explorer.on_change(lambda _: pytest.fail("called for what Python did itself"))
    start = len(line.sent)
    explorer.selected_image = explorer.images[4]
    explorer.selected_image = explorer.images[5].name
    explorer.selected_neurons = NeuronSet(SITE, (2, 7))
    explorer.selected_neurons = [f"{SITE}:2", NeuronSet("blocks.3.hook_resid_post", (0,))]
    explorer.selected_patch = (3, 0)
    explorer.threshold = 1
    explorer.selected_patch = None
    assert [content for content, _ in line.answers(start)] == [
        {"push": "choose", "image": 4},
        {"push": "choose", "image": 5},
        {"push": "choose", "neurons": [f"{SITE}:2", f"{SITE}:7"]},
        {"push": "choose", "neurons": [f"{SITE}:2", "blocks.3.hook_resid_post:0"]},
        {"push": "choose", "patch": [3, 0]},
        {"push": "choose", "threshold": 1.0},
        {"push": "choose", "patch": None},
    ]
    assert explorer.selected_image is explorer.images[5]
    (opened,) = line.say(id=1, ask="open")
    assert opened[0]["header"]["chosen"] == {
        "neurons": [f"{SITE}:2", "blocks.3.hook_resid_post:0"],
        "image": 5,
        "threshold": 1.0,
    }


def test_choosing_what_there_is_not_is_refused_and_changes_nothing(explorer):
    explorer.selected_image = 3
    with pytest.raises(SettingError, match=r"no image 'nothing\.png' among the 8"):
        explorer.selected_image = "nothing.png"
    with pytest.raises(SettingError, match="no image -1"):
        explorer.selected_image = -1
    with pytest.raises(SiteError, match="the site has 32"):
        explorer.selected_neurons = f"{SITE}:32"
    with pytest.raises(SettingError, match="does not name a neuron"):
        explorer.selected_neurons = "32"
    with pytest.raises(SettingError, match="grid has 4 rows"):
        explorer.selected_patch = (0, 4)
    assert explorer.selected_image is explorer.images[3]


def test_a_notebook_that_is_saved_holds_the_front_end_and_nothing_of_the_images(explorer, line):
    line.say(id=1, ask="open")
    line.say(id=0, ask="chosen", neurons=[f"{SITE}:3"], image=2)
    state = dict(line.state)
    assert len(state.pop("_esm")) < 60_000
    assert len(json.dumps(state)) < 1_000
    assert not [kind for kind, data, _ in line.sent if data.get("method") == "update"]
    assert explorer.get_state().keys() == line.state.keys()


def test_two_explorers_and_a_cell_run_twice_know_nothing_of_each_other(excavation, dataset, lines):
    one, other, again = (explore(excavation, dataset) for _ in range(3))
    one.comm.say(id=0, ask="chosen", image=1)
    other.comm.say(id=0, ask="chosen", image=2)
    assert one.selected_image is one.images[1]
    assert other.selected_image is other.images[2]
    assert again.selected_image is None
    one.close()
    assert len(other.comm.say(id=1, ask="open")) == 1


def test_where_widgets_are_not_shown_the_text_says_what_to_do(explorer):
    shown = explorer._repr_mimebundle_()
    data = shown[0] if isinstance(shown, tuple) else shown
    (line,) = data["text/plain"].splitlines()
    assert line.startswith("NeuronExplorer('metal_sheet', 8 images, 8 neurons): no widgets")
    assert "explorer.save_html('explorer.html')" in line


def test_a_run_folder_is_explored_with_its_model_and_with_no_other(
    excavation, dataset, lines, tmp_path
):
    run = excavation.save(tmp_path / "run")
    assert len(explore(run, dataset, excavation.model).images) == 8
    with pytest.raises(RunError, match="model=model"):
        explore(run, dataset)
    with pytest.raises(RunError, match="made with"):
        explore(run, dataset, make_model(seed=1))
    with pytest.raises(RunError, match="nowhere"):
        explore(tmp_path / "nowhere", dataset)


def test_missing_images_are_one_message(excavation, lines, tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        explore(excavation, tmp_path / "nowhere")
    with pytest.raises(DataError, match="no images to explore"):
        explore(excavation, [])
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    with pytest.raises(DataError, match=r"broken\.png"):
        explore(excavation, [broken])


def test_a_category_without_masks_is_shown_without_them(model, lines, tmp_path):
    import shutil

    from workbench.images.layouts import read_dataset

    data = draw_category(tmp_path / "metal_sheet")
    shutil.rmtree(data.root / "ground_truth")
    data = read_dataset(data.root)
    explore(excavate(data, model, Settings(k=K), shots=3), data)
    kinds = [one["label"] for one in lines[-1].say(id=1, ask="open")[0][0]["header"]["images"]]
    ((content, buffers),) = lines[-1].say(id=2, ask="image", index=kinds.index(1))
    assert "mask" not in decoded(content["arrays"], buffers)
    told = lines[-1].say(id=3, ask="neuron", site=SITE, index=0)[0][0]["header"]
    assert [group["group"] for group in told["groups"]] == ["normal", "anomalous picture"]


def test_one_bare_image_is_a_sensible_view(excavation, dataset, lines):
    image = next(sample.path for sample in dataset if sample.split == "test")
    explore(excavation, image)
    ((content, buffers),) = lines[-1].say(id=1, ask="open")
    found = decoded(content["arrays"], buffers)
    assert content["header"]["images"][0]["label"] is None
    assert found["scores"].shape == (1,)
    assert np.isfinite(found["spread"]).all()
    ((content, buffers),) = lines[-1].say(id=2, ask="image", index=0)
    assert "mask" not in decoded(content["arrays"], buffers)
    ((content, _),) = lines[-1].say(id=3, ask="neuron", site=SITE, index=3)
    assert "alone" not in content["header"]
    assert content["header"]["groups"][0]["group"] == "picture"
    ((content, _),) = lines[-1].say(id=4, ask="detect", mode="only", positions=[0])
    assert content["header"]["auroc"] is None


def test_one_shot_runs_and_single_neurons_are_explored(model, dataset, lines):
    explore(excavate(dataset, model, Settings(k=1), shots=1), dataset)
    ((content, buffers),) = lines[-1].say(id=1, ask="open")
    assert decoded(content["arrays"], buffers)["maxima"].shape == (8, 1)
    ((content, _),) = lines[-1].say(id=2, ask="detect", mode="without", positions=[0])
    assert "no neuron is left" in content["error"]


def test_names_with_markup_and_quotes_travel_as_they_are(model, lines, tmp_path):
    data = draw_category(tmp_path / "metal_sheet")
    evil = """<img src=x onerror="alert('1')"></script>"""
    samples = [
        replace(sample, name=f"{evil}{number}", defect=evil)
        for number, sample in enumerate(data)
        if sample.split == "test"
    ]
    excavation = excavate(data, model, Settings(k=K), shots=3)
    explore(replace(excavation, category=evil), samples)
    header = lines[-1].say(id=1, ask="open")[0][0]["header"]
    assert header["category"] == evil
    assert header["images"][0]["name"].startswith(evil)


def test_fifty_thousand_neurons_are_listed_and_each_can_be_asked_for(dataset, lines):
    model = make_model(mlp_ratio=1600)
    site = "blocks.1.mlp.hook_post"
    excavation = excavate(dataset, model, Settings(k=K, site=site), shots=2)
    explore(excavation, dataset)
    ((content, buffers),) = lines[-1].say(id=1, ask="open")
    found = decoded(content["arrays"], buffers)
    widths = {one["site"]: one["neurons"] for one in content["header"]["sites"]}
    assert widths[site] == 51_200
    assert sum(map(len, buffers)) < 3_000_000
    assert len(found["sensitivity"]) == sum(widths.values())
    first = lines[-1].say(id=2, ask="neuron", site=site, index=50_123)[0][0]["header"]
    assert first["of"] == 51_200
    assert 1 <= first["rank"] <= 51_200


def test_a_missing_front_end_is_one_message(excavation, dataset, lines, monkeypatch, tmp_path):
    monkeypatch.setattr(front, "STATIC", tmp_path)
    with pytest.raises(RunError, match="front end is missing"):
        NeuronExplorer(excavation, dataset)
