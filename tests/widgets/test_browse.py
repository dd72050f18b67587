import asyncio
import io
import threading

import numpy as np
import pytest
from PIL import Image

from tests.surfaces import draw_category, make_model
from workbench.errors import RunError
from workbench.excavation.excavate import excavate
from workbench.widgets import browse as module
from workbench.widgets.browse import browse


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return draw_category(tmp_path_factory.mktemp("data") / "metal_sheet")


@pytest.fixture(scope="module")
def excavation(dataset):
    return excavate(dataset, make_model(), shots=3, k=8)


def pixels(view):
    return np.asarray(Image.open(io.BytesIO(view.picture.value)).convert("RGB")).astype(int)


def test_a_data_set_shows_its_test_images_and_the_first_of_them(excavation, dataset):
    view = browse(excavation, dataset.root)
    assert {item.name for item in view.items} == {s.name for s in dataset if s.split == "test"}
    assert view.picture.value
    assert (view.row.value, view.column.value) == view.detection.peak
    assert "anomaly score" in view.summary.value


def test_picking_another_image_changes_everything_shown(excavation, dataset):
    view = browse(excavation, dataset)
    before = view.picture.value, view.summary.value, view.bars.value
    view.picker.value = len(view.items) - 1
    assert all(old != new for old, new in zip(before, parts(view), strict=True))
    assert (view.row.value, view.column.value) == view.detection.peak


def parts(view):
    return view.picture.value, view.summary.value, view.bars.value


def test_moving_the_patch_shows_the_neurons_behind_that_patch(excavation, dataset):
    view = browse(excavation, dataset)
    row, column = view.detection.peak
    view.row.value, view.column.value = (row + 1) % 4, (column + 1) % 4
    index, _ = view.detection.strongest((row + 1) % 4, (column + 1) % 4, most=1)[0]
    assert f"<code>{index}</code>" in view.bars.value
    moved = view.bars.value
    view.strongest.click()
    assert (view.row.value, view.column.value) == (row, column)
    assert view.bars.value != moved


def test_heat_map_and_ground_truth_follow_their_controls(excavation, dataset):
    view = browse(excavation, dataset)
    view.picker.value = next(i for i, item in enumerate(view.items) if item.mask_path)
    with_truth = pixels(view)
    view.truth.value = False
    without = pixels(view)
    assert np.abs(with_truth - without).max() > 60
    view.branch.value = "visual"
    scale = view.scale.value
    view.branch.value = "text"
    assert view.scale.value != scale
    view.opacity.value = 0.0
    plain = view.picture.value
    view.branch.value = "fused"
    assert view.picture.value == plain


def test_an_image_is_judged_once_and_only_when_it_is_looked_at(excavation, dataset, monkeypatch):
    judged = []
    score = type(excavation).score

    def counted(self, images, **options):
        judged.extend(images)
        return score(self, images, **options)

    monkeypatch.setattr(type(excavation), "score", counted)
    view = browse(excavation, dataset)
    assert len(judged) == 1
    view.picker.value = 1
    view.picker.value = 0
    view.opacity.value = 0.3
    assert len(judged) == 2


def test_scoring_all_sorts_the_list_and_keeps_the_choice(excavation, dataset):
    view = browse(excavation, dataset)
    view.picker.value = 2
    picked = view.item
    view.sorter.click()
    scores = [view.scores[item.path] for item in view.items]
    assert scores == sorted(scores, reverse=True)
    assert view.item == picked
    label = view.picker.options[0][0]
    assert "·" in label
    assert view.progress.layout.visibility == "hidden"


def test_only_so_many_judged_images_are_kept(excavation, dataset, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    view = browse(excavation, dataset)
    view.score_all()
    assert len(view._found) == 2
    view.picker.value = 0
    assert view.detection.score == pytest.approx(view.scores[view.item.path])


def test_without_images_the_view_says_what_to_give(excavation):
    view = browse(excavation)
    assert view.detection is None
    assert "browse(run, images)" in view.message.value
    view.score_all()
    view.opacity.value = 0.2
    assert view.picture.value == b""


def test_single_images_and_bare_folders_are_taken_as_they_are(excavation, dataset):
    sample = next(sample for sample in dataset if sample.split == "test")
    assert [item.path for item in browse(excavation, sample.path).items] == [sample.path]
    folder = browse(excavation, sample.path.parent)
    assert len(folder.items) == len(list(sample.path.parent.iterdir()))
    assert folder.items[0].label is None
    assert len(browse(excavation, [sample.path, sample]).items) == 2


def test_several_folders_are_shown_with_their_names(excavation, dataset):
    places = [dataset.root / "test" / kind for kind in ("good", "spot")]
    browser = browse(excavation, places)
    names = [item.name for item in browser.items]
    assert len(names) == sum(len(list(place.iterdir())) for place in places)
    assert {name.split("/")[0] for name in names} == {"good", "spot"}
    assert browser.detection is not None


def test_an_image_that_does_not_open_is_one_line_and_the_next_one_works(
    excavation, dataset, tmp_path
):
    broken = tmp_path / "<b>broken.png"
    broken.write_bytes(b"no image")
    sample = next(sample for sample in dataset if sample.split == "test")
    view = browse(excavation, [broken, sample])
    assert "&lt;b&gt;broken.png" in view.message.value
    assert view.picture.value == b""
    view.picker.value = 1
    assert view.message.value == ""
    assert view.picture.value
    view.score_all()
    assert "broken.png" in view.message.value


def test_large_pictures_travel_small(excavation, tmp_path):
    path = tmp_path / "large.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (900, 1500, 3), np.uint8)).save(path)
    view = browse(excavation, path)
    assert pixels(view).shape == (307, 512, 3)
    assert len(view.picture.value) < 300_000


def test_a_saved_run_is_browsed_with_its_model(excavation, dataset, tmp_path):
    run = excavation.save(tmp_path / "run")
    assert browse(run, dataset, excavation.model).detection.score > 0
    with pytest.raises(RunError, match="model=model"):
        browse(run, dataset)
    with pytest.raises(RunError, match="nowhere"):
        browse(tmp_path / "nowhere")


def test_a_notebook_shows_the_view(excavation):
    view = browse(excavation)
    shown = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert repr(view) == "Browser('metal_sheet', 0 images)"


def test_what_a_widget_says_in_another_thread_is_done_where_cells_run(
    excavation, dataset, monkeypatch
):
    # JupyterLab may send widgets' messages to a subshell of the kernel, which is a thread.
    asked_in = []

    score = type(excavation).score

    def recorded(self, paths):
        asked_in.append(threading.get_ident())
        return score(self, paths)

    monkeypatch.setattr(type(excavation), "score", recorded)

    async def cells():
        view = browse(excavation, dataset)
        before = parts(view)

        def act():
            view.picker.value = len(view.items) - 1
            view.sorter.click()

        other = threading.Thread(target=act)
        other.start()
        other.join()
        assert parts(view) == before
        await asyncio.sleep(0)
        assert all(old != new for old, new in zip(before, parts(view), strict=True))
        assert len(view.scores) == len(view.items)

    asyncio.run(cells())
    assert len(asked_in) == 3
    assert set(asked_in) == {threading.get_ident()}
