import pytest

from workbench.baselines.backbone import Backbone
from workbench.images.stream import pictures


@pytest.fixture(scope="session")
def backbone(model):
    return Backbone(model)


@pytest.fixture(scope="session")
def normals(dataset):
    return pictures(dataset.train_normals("metal_sheet"))


@pytest.fixture(scope="session")
def tests(dataset):
    return pictures(dataset.test("metal_sheet"))


@pytest.fixture(scope="session")
def judged(backbone, normals, tests):
    """From a method and a number of normals to the fitted method and its scores of all tests."""

    def judge(method, shots=3, **choices):
        fitted = method.fit(backbone, "metal_sheet", normals[:shots], **choices)
        ((shown, seen),) = backbone.walk(tests, method.needs(backbone.model))
        return fitted, fitted.judge(shown, seen)

    return judge
