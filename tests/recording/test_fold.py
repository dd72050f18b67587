"""Merging may be cut short at any moment, and its notes may be harmed: the result is the same."""

import pytest

from tests.recording.recordings import before_shard, contents, draw_pictures, make, stop
from tests.recording.small_store import flip
from workbench.recording import fold as fold_module

SHARDS = 10  # merged in two steps
CHOICES = {
    "sites": "blocks.1.hook_resid_post",
    "products": ["statistics", "quantiles", "exemplars"],
    "batch_size": 1,
    "images_per_shard": 1,
}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return draw_pictures(tmp_path_factory.mktemp("fold") / "images", SHARDS)


@pytest.fixture(scope="module")
def whole(images):
    return contents(make(images, images.parent / "whole", **CHOICES).path)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(7))
def test_an_interrupted_merge_goes_on_to_the_same_bytes(
    number, when, images, whole, tmp_path, monkeypatch
) -> None:
    """Two running results with a note each, and three products, are seven files."""
    written = []

    def interrupting(real):
        def write(path, *more, **choices):
            written.append(path.name)
            if when == "before" and len(written) == number + 1:
                raise KeyboardInterrupt
            mark = real(path, *more, **choices)
            if when == "after" and len(written) == number + 1:
                raise KeyboardInterrupt
            return mark

        return write

    with monkeypatch.context() as patch:
        for name in ("write_tensors", "write_json"):
            patch.setattr(fold_module, name, interrupting(getattr(fold_module, name)))
        with pytest.raises(KeyboardInterrupt):
            make(images, tmp_path / "store", **CHOICES)
    assert len(written) == number + 1
    store = make(images, tmp_path / "store", **CHOICES, resume=True)
    assert contents(store.path) == whole


@pytest.mark.parametrize("harm", ["torn", "flipped", "of another kind", "without its file"])
def test_a_harmed_note_means_to_merge_anew(harm, images, whole, tmp_path) -> None:
    with pytest.raises(KeyboardInterrupt):
        make(images, tmp_path / "store", **CHOICES, engine=before_shard(9, stop))
    note, folded = (
        tmp_path / "store" / "parts" / name for name in ("folded.json", "folded-00008.safetensors")
    )
    assert note.is_file()
    if harm == "torn":
        note.write_bytes(note.read_bytes()[:9])
    elif harm == "flipped":
        flip(folded, -1)
    elif harm == "of another kind":
        note.write_text('["folded"]')
    else:
        folded.unlink()
    store = make(images, tmp_path / "store", **CHOICES, resume=True)
    assert contents(store.path) == whole
