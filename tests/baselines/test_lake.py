import numpy as np
import pytest

from workbench.baselines.backbone import Backbone
from workbench.baselines.lake import LakeMethod, excavate_seen
from workbench.baselines.registry import methods
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings

CHOICES = (
    {},
    {"fusion": "raw"},
    {"normality": "moments"},
    {"text_weight": 0.0},
    {"layer_norm": True},
)


@pytest.mark.parametrize("shots", [1, 3])
@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_the_method_is_the_excavation(choices, shots, model, normals, tests, judged) -> None:
    settings = Settings(k=8, **choices)
    fitted, scored = judged(LakeMethod(settings), shots)
    paths = [picture.path for picture in normals[:shots]]
    excavation = excavate(paths, model, settings, category="metal_sheet")
    assert fitted.excavation.neurons == excavation.neurons
    np.testing.assert_allclose(fitted.held_out, excavation.held_out_scores, rtol=1e-4, atol=1e-5)
    detections = list(excavation.score([picture.path for picture in tests]))
    np.testing.assert_allclose(scored.image, [d.score for d in detections], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scored.maps, [d.fused for d in detections], rtol=1e-4, atol=1e-5)


def test_a_support_larger_than_a_batch_gives_the_same(model, normals) -> None:
    small = excavate_seen(Backbone(model, batch_size=2), "sheet", normals, Settings(k=8))
    large = excavate_seen(Backbone(model), "sheet", normals, Settings(k=8))
    assert small.neurons == large.neurons
    np.testing.assert_allclose(small.sensitivity, large.sensitivity, rtol=1e-4)


def test_the_named_kinds_differ_from_lake_in_one_setting() -> None:
    plain = Settings(k=8)
    for name, changed in (
        ("lake", {}),
        ("lake_raw", {"fusion": "raw"}),
        ("lake_moments", {"normality": "moments"}),
        ("lake_visual", {"text_weight": 0.0}),
        ("lake_visual_ln", {"text_weight": 0.0, "layer_norm": True}),
    ):
        (method,) = methods(name, plain)
        assert {
            key: value
            for key, value in vars(method.settings).items()
            if value != getattr(plain, key)
        } == changed


def test_the_gallery_of_k_neurons_is_so_many_times_smaller(judged) -> None:
    lake, _ = judged(methods("lake", Settings(k=8))[0])
    knn, _ = judged(methods("patch_knn", Settings(k=8))[0])
    assert knn.gallery_bytes == 4 * lake.gallery_bytes  # 32 channels
    moments, _ = judged(methods("lake_moments", Settings(k=8))[0])
    assert moments.gallery_bytes == 2 * 8 * 4
