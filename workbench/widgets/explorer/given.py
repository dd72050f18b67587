"""Which images an explorer shows, and where the support may be found."""

from workbench.excavation.detector import Excavation
from workbench.images.samples import Dataset, Sample
from workbench.images.support import without_support
from workbench.widgets.inputs import Images, Item, given, items_of


def shown_and_known(
    images: Images, excavation: Excavation
) -> tuple[list[Sample], tuple[Sample, ...]]:
    """Return the samples to show, and all that were given.

    Test anomalies that contaminate the support are not shown. Raises `DataError` as reading does.
    """
    found = given(images)
    shown = [_sample(item, excavation.category) for item in items_of(found, excavation.category)]
    if excavation.contaminated:
        shown = without_support(shown, excavation.support)
    if isinstance(found, Dataset):
        return shown, found.samples
    return shown, tuple(one for one in found if isinstance(one, Sample))


def _sample(item: Item, category: str) -> Sample:
    """Return an item as a sample; nothing is known of a bare file."""
    return item.sample or Sample(
        item.path, "test", None, "unknown", category=category, name=item.name
    )
