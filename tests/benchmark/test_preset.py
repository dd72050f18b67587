"""The published comparison says what it lacks before anything is computed."""

from dataclasses import replace
from pathlib import Path

from tests.surfaces import draw_category
from workbench.benchmark.preset import PRESETS, readiness
from workbench.benchmark.published import SETS
from workbench.clip.cost import cost
from workbench.clip.model_check import ModelCheck, check_model

PAPER = PRESETS["paper"]


def models(present: bool) -> dict:
    return {m: ModelCheck(m.name, m.tag, present, (m.image_size,) * 2) for m in PAPER.models}


def test_it_is_the_comparison_that_was_published() -> None:
    sizes = {(model.name, model.image_size) for model in PAPER.models}
    assert sizes == {
        ("ViT-L-14-336-quickgelu", 336),
        ("ViT-L-14-336-quickgelu", 518),
        ("ViT-B-16-plus-240", 240),
    }
    assert set(PAPER.data) == set(SETS)
    assert (PAPER.shots, len(PAPER.seeds)) == ((1, 2, 4, 8), 5)


def test_every_model_of_it_is_one_that_can_be_loaded() -> None:
    for model in PAPER.models:
        assert cost(model.name, image_size=model.image_size).parameters > 1e8
        assert check_model(model.name, model.tag, image_size=model.image_size).name


def test_all_that_is_missing_is_named_in_one_go() -> None:
    found = readiness(PAPER, {}, models(present=False))
    assert [line.split(":")[0] for line in found.missing] == [
        *PAPER.data,
        *dict.fromkeys(model.name for model in PAPER.models),
    ]


def test_what_is_there_is_not_missing_and_its_cost_is_reckoned(tmp_path: Path) -> None:
    drawn = draw_category(tmp_path / "01", normals=2, tests=2)
    samples = tuple(
        replace(sample, category=name) for name in ("01", "02", "03") for sample in drawn.samples
    )
    found = readiness(PAPER, {"btad": replace(drawn, samples=samples)}, models(present=True))
    assert [line.split(":")[0] for line in found.missing] == ["MVTec AD", "VisA", "Brain-AD"]
    assert any("BTAD" in line and "12 test images" in line for line in found.lines)
    assert any("PFLOP" in line for line in found.lines)
