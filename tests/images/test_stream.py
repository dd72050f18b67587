"""Pictures of any origin are streamed in order, and a bad one is named."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from workbench.errors import DataError
from workbench.images.samples import Sample
from workbench.images.stream import pictures, stream

HOW = {"image_size": (8, 8), "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}


def folder(tmp_path: Path, number: int = 7) -> Path:
    for index in range(number):
        Image.new("RGB", (5 + index, 4), (index * 30, 0, 0)).save(tmp_path / f"{index}.png")
    return tmp_path


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_the_order_and_the_values_do_not_depend_on_the_batch_size(tmp_path, batch_size) -> None:
    found = pictures(folder(tmp_path))
    batches = list(stream(found, batch_size=batch_size, **HOW))
    assert [p.name for b in batches for p in b.pictures] == [f"{i}.png" for i in range(7)]
    assert [size for b in batches for size in b.sizes] == [(4, 5 + i) for i in range(7)]
    pixels = torch.cat([b.pixels for b in batches])
    assert torch.allclose(pixels[:, 0, 0, 0], torch.arange(7) * 30 / 127.5 - 1, atol=1e-6)


def test_paths_samples_and_pictures_may_be_mixed(tmp_path: Path) -> None:
    root = folder(tmp_path, 2)
    sample = Sample(root / "1.png", "test", 0, "good", (), "c", "test/good/1.png")
    held = Image.new("L", (3, 3))
    found = pictures([root / "0.png", str(root), sample, held, held])
    names = [p.name for p in found]
    assert names == ["0.png", "0.png", "1.png", "test/good/1.png", "image 4", "image 5"]
    assert len(list(stream(found, batch_size=4, **HOW))) == 2


def test_nothing_gives_nothing() -> None:
    assert list(stream(pictures([]), batch_size=4, **HOW)) == []


def test_a_missing_file_an_empty_folder_and_a_bad_image_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere does not exist"):
        pictures(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"no images in .*it is empty"):
        pictures(tmp_path)
    folder(tmp_path)
    (tmp_path / "5.png").write_bytes(b"no image")
    reading = stream(pictures(tmp_path), batch_size=2, **HOW)
    assert len([next(reading), next(reading)]) == 2
    with pytest.raises(DataError, match=r"5\.png is not an image"):
        next(reading)


def test_a_grey_picture_in_memory_is_converted() -> None:
    held = Image.fromarray(np.full((4, 4), 65535, np.uint16))
    (batch,) = stream(pictures(held), batch_size=1, **HOW)
    assert torch.equal(batch.pixels, torch.ones(1, 3, 8, 8))
