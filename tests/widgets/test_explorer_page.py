"""One file: what it embeds is what the live explorer answers, and it says what it leaves out."""

import numpy as np
import pytest

from tests.surfaces import draw_category
from tests.widgets.explorers import embedded
from workbench import demo_images, load_model, read_dataset
from workbench.errors import RunError, SettingError
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.images.samples import Sample
from workbench.widgets.explorer import front, page
from workbench.widgets.explorer.widget import explore

K = 8


@pytest.fixture
def explorer(model, dataset, lines):
    return explore(excavate(dataset, model, Settings(k=K), shots=3), dataset)


def test_embedded_parcels_are_those_of_the_live_explorer(explorer, tmp_path):
    found = embedded(explorer.save_html(tmp_path / "page.html").read_text("utf-8"))
    answers = explorer._answers
    neurons = explorer.excavation.neurons
    assert set(found) == {
        "open",
        "gallery",
        *(f"image:{number}" for number in range(8)),
        *(f"neuron:{name}" for name in neurons.names),
    }
    for key, (header, arrays) in found.items():
        kind, _, rest = key.partition(":")
        live = {
            "open": lambda _: answers.open(),
            "gallery": lambda _: answers.gallery(),
            "image": lambda number: answers.image(
                int(number), side=320, mask_side=128, nearest=False
            ),
            "neuron": lambda name: answers.neurons.answer(
                name.rpartition(":")[0], int(name.rpartition(":")[2])
            ),
        }[kind](rest)
        assert arrays.keys() == live.arrays.keys()
        assert all(np.array_equal(arrays[name], live.arrays[name]) for name in arrays)
        assert {**live.header, "live": None} == {
            **{name: value for name, value in header.items() if name not in ("redo", "selection")},
            **({"live": None}),
        }
    assert found["open"][0]["live"] is False
    assert found["open"][0]["redo"] is True
    assert "selection" not in found["open"][0]


def test_a_page_redoes_detection_to_the_same_scores(explorer, tmp_path):
    """In numpy what the page does in the browser: unit rows, the nearest, one minus cosine."""
    found = embedded(explorer.save_html(tmp_path / "page.html").read_text("utf-8"))
    gallery = found["gallery"][1]["gallery"]
    columns = [1, 4, 6]
    parcel = explorer._answers.detect(explorer._answers.subset("only", columns))

    def unit(rows):
        rows = rows[:, columns].astype(np.float64)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    for number in range(8):
        cosines = unit(found[f"image:{number}"][1]["features"]) @ unit(gallery).T
        visual = ((1 - cosines.max(1)) / 2).max()
        assert visual == pytest.approx(parcel.arrays["visual"][number], rel=0.01, abs=1e-5)


def test_the_nearest_patch_is_found_in_the_gallery_by_its_place(explorer, tmp_path):
    found = embedded(explorer.save_html(tmp_path / "page.html").read_text("utf-8"))
    image, row, column = found["image:3"][1]["nearest_at"].T
    rows = found["gallery"][1]["gallery"][image * 16 + row * 4 + column]
    assert np.array_equal(rows, explorer._answers.image(3).arrays["nearest"])


def test_what_does_not_fit_is_left_out_evenly_and_the_page_says_so(explorer, tmp_path, monkeypatch):
    every = embedded(explorer.save_html(tmp_path / "all.html").read_text("utf-8"))
    module = len(front.module(front.EXPLORER).encode())
    size = (tmp_path / "all.html").stat().st_size
    room = module + (size - module) * 2 // 5
    monkeypatch.setattr(page, "ROOM", room)
    path = explorer.save_html(tmp_path / "some.html")
    assert path.stat().st_size <= room
    found = embedded(path.read_text("utf-8"))
    kept = [int(key[6:]) for key in found if key.startswith("image:")]
    assert 2 <= len(kept) < 8
    order = np.argsort(-explorer._answers.opening.scores).tolist()
    assert {order[0], order[-1]} <= set(kept)
    said = found["open"][0]["selection"]
    assert f"{len(kept)} of the 8 images" in said
    assert len(found["open"][1]["scores"]) == len(every["open"][1]["scores"]) == 8


def test_images_that_are_asked_for_are_the_ones_in_the_file(explorer, tmp_path):
    asked = [2, explorer.images[5].name, explorer.images[5]]
    text = explorer.save_html(tmp_path / "page.html", images=asked).read_text("utf-8")
    found = embedded(text)
    assert sorted(key for key in found if key.startswith("image:")) == ["image:2", "image:5"]
    assert found["open"][0]["selection"] == "This file holds the pictures of 2 of the 8 images."
    with pytest.raises(SettingError, match=r"no image 'gone\.png'"):
        explorer.save_html(tmp_path / "other.html", images=["gone.png"])
    with pytest.raises(SettingError, match="no image is to be put"):
        explorer.save_html(tmp_path / "other.html", images=[])
    assert not (tmp_path / "other.html").exists()


def test_a_page_is_all_there_or_not_at_all(explorer, tmp_path):
    place = tmp_path / "file"
    place.write_text("mine")
    with pytest.raises(RunError, match="cannot write"):
        explorer.save_html(place / "page.html")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_nothing_in_a_name_can_become_markup(model, lines, tmp_path):
    from dataclasses import replace

    data = draw_category(tmp_path / "metal_sheet")
    evil = """</script><!--<script>alert("1")</script>"""
    samples = [
        replace(sample, name=f"{evil}{number}", defect=evil)
        for number, sample in enumerate(data)
        if sample.split == "test"
    ]
    excavation = excavate(data, model, Settings(k=2), shots=2)
    view = explore(replace(excavation, category=evil), samples)
    text = view.save_html(tmp_path / "page.html").read_text("utf-8")
    assert "alert(" not in text.replace("\\u003cscript>alert(", "").replace(
        "&lt;script&gt;alert(", ""
    )
    assert text.count("<script") == 3
    assert embedded(text)["open"][0]["images"][-1]["defect"] == evil
    assert "http:" not in text.replace("http://www.w3.org", "")
    assert "https:" not in text


def test_a_run_that_a_page_cannot_redo_says_why(model, dataset, lines, tmp_path):
    view = explore(excavate(dataset, model, Settings(k=K, normality="moments"), shots=3), dataset)
    found = embedded(view.save_html(tmp_path / "page.html").read_text("utf-8"))
    header = found["open"][0]
    assert header["redo"] is False
    assert "in a notebook" in header["redo_reason"]
    assert "gallery" not in found
    assert "shares" in found["image:0"][1]


@pytest.fixture(scope="module")
def demo():
    model = load_model("demo")
    data = read_dataset(demo_images())
    samples: tuple[Sample, ...] = data["metal"]
    return excavate(samples, model, shots=4), data


def test_the_demo_set_opens_small_and_fits_into_one_file(demo, lines, tmp_path):
    """Sizes only: opening stays under 3 MB, and the whole page under 8 MB with every image."""
    excavation, data = demo
    view = explore(excavation, data)
    answers = lines[-1].say(id=1, ask="open")
    assert len(view.images) == 50
    assert sum(sum(map(len, buffers)) for _, buffers in answers) < 3_000_000
    assert len(answers[0][0]["header"]["sites"]) == 6
    path = view.save_html(tmp_path / "demo.html")
    assert path.stat().st_size < 8_000_000
    found = embedded(path.read_text("utf-8"))
    assert "selection" not in found["open"][0]
    assert sum(key.startswith("image:") for key in found) == 50
    assert sum(key.startswith("neuron:") for key in found) == len(excavation.neurons) == 100
