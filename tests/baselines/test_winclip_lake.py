import numpy as np
import torch

from workbench.baselines.registry import methods
from workbench.baselines.winclip_lake import join
from workbench.excavation.fusion import Scale
from workbench.excavation.settings import Settings

SETTINGS = Settings(k=8, temperature=0.1)
BOTH, ZERO, FEW, VISUAL = methods(
    ["winclip_plus_lake", "winclip_zero_shot", "winclip_few_shot", "lake_visual"], SETTINGS
)


def test_the_neurons_are_half_of_the_association_on_its_scale(judged) -> None:
    fitted, scored = judged(BOTH)
    zero, few = judged(ZERO)[1], judged(FEW)[1]
    association = 2 * few.maps - zero.maps  # what is left when text is taken out
    (lake, seen) = judged(VISUAL)
    raw = seen.maps * lake.excavation.fusion().visual.deviation
    raw = raw + lake.excavation.fusion().visual.mean
    target, own = fitted.learned.scales
    scaled = (raw - own.mean) / own.deviation * target.deviation + target.mean
    joint = (association + scaled) / 2
    np.testing.assert_allclose(scored.maps, (zero.maps + joint) / 2, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(
        scored.image, (zero.image + joint.max((1, 2))) / 2, rtol=1e-3, atol=1e-5
    )
    few_bytes, lake_bytes = judged(FEW)[0].gallery_bytes, lake.gallery_bytes
    assert fitted.gallery_bytes == few_bytes + lake_bytes


def test_scales_are_those_of_held_out_normals(backbone, normals, judged) -> None:
    fitted, _ = judged(BOTH)
    from workbench.baselines.winclip import Association

    seen = [backbone.views([p], BOTH.needs(backbone.model)) for p in normals[:3]]
    maps = [
        Association.of(backbone.model, [s for s in seen if s is not one]).map(one) for one in seen
    ]
    expected = Scale.of(torch.cat(maps))
    np.testing.assert_allclose(
        [fitted.learned.scales[0].mean, fitted.learned.scales[0].deviation],
        [expected.mean, expected.deviation],
        rtol=1e-4,
    )


def test_joining_does_not_depend_on_the_unit_of_the_distances() -> None:
    association, visual = torch.rand(2, 16), torch.rand(2, 16)
    target = Scale(0.3, 0.1)
    one = join(association, visual, (target, Scale(0.5, 0.2)))
    other = join(association, visual * 100 + 7, (target, Scale(57.0, 20.0)))
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
