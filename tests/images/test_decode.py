"""Files of every kind become 8-bit RGB or one clear error."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.errors import DataError
from workbench.images.decode import image_size, open_image, open_mask, to_rgb

RED = (200, 10, 30)


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


def first_pixel(path: Path) -> tuple[int, ...]:
    image = open_image(path)
    assert image.mode == "RGB"
    return image.getpixel((0, 0))


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp", "schräg äöü 図.PNG"])
def test_an_rgb_file_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    path = saved(Image.new("RGB", (5, 3), RED), tmp_path / name, **options)
    assert first_pixel(path) == RED
    assert open_image(path).size == (5, 3)


def test_16_bit_grey_keeps_its_high_byte(tmp_path: Path) -> None:
    values = np.array([[0, 255, 256, 0x8000, 0xFFFF]], np.uint16)
    for name in ("a.png", "a.tif"):
        path = saved(Image.fromarray(values), tmp_path / name)
        assert np.asarray(open_image(path))[0, :, 0].tolist() == [0, 0, 1, 128, 255]


def test_grey_and_one_bit_become_rgb(tmp_path: Path) -> None:
    assert first_pixel(saved(Image.new("L", (2, 2), 77), tmp_path / "l.png")) == (77, 77, 77)
    assert first_pixel(saved(Image.new("1", (2, 2), 1), tmp_path / "1.png")) == (255, 255, 255)


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 4), RED).quantize(4)
    assert first_pixel(saved(image, tmp_path / "p.png")) == RED


def test_transparency_shows_white_and_opaque_pixels_stay(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (*RED, 255))
    image.putpixel((1, 0), (*RED, 0))
    for name, picture in (("rgba.png", image), ("p.png", image.quantize(4)), ("p.gif", image)):
        path = saved(picture, tmp_path / name)
        pixels = np.asarray(open_image(path))
        assert np.abs(pixels[0, 0].astype(int) - RED).max() <= 3, name
        assert pixels[0, 1].tolist() == [255, 255, 255], name


def test_grey_with_alpha_is_laid_over_white(tmp_path: Path) -> None:
    path = saved(Image.new("LA", (1, 1), (0, 128)), tmp_path / "la.png")
    assert first_pixel(path) == (127, 127, 127)


def test_cmyk_is_converted(tmp_path: Path) -> None:
    path = saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), tmp_path / "c.jpg", quality=95)
    red, green, blue = first_pixel(path)
    assert red > 240
    assert max(green, blue) < 15


def test_an_exif_rotation_is_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (6, 2), "black")
    image.paste("white", (0, 0, 3, 2))  # the left half
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    path = saved(image, tmp_path / "e.png", exif=exif)
    upright = np.asarray(open_image(path))
    assert upright.shape == (6, 2, 3)
    assert upright[:3].min() == 255
    assert upright[3:].max() == 0
    assert image_size(path) == (6, 2)


def test_one_pixel_is_an_image(tmp_path: Path) -> None:
    assert first_pixel(saved(Image.new("RGB", (1, 1), RED), tmp_path / "a.png")) == RED


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "gif", "webp"])
def test_a_truncated_file_is_named(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = saved(Image.fromarray(noise), tmp_path / f"cut.{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.\w+ .*(damaged|cut short|not an image)"):
        open_image(path)


@pytest.mark.parametrize("content", [b"", b"hello, I am a text", b"\x89PNG\r\n\x1a\n", b"BM"])
def test_a_file_that_is_no_image_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"no\.png .*(Replace|remove)"):
        open_image(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere.png does not exist"):
        open_image(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match="is a folder"):
        open_image(tmp_path)


def test_pixels_without_an_agreed_white_are_refused(tmp_path: Path) -> None:
    for array in (np.ones((2, 2), np.float32), np.ones((2, 2), np.int32)):
        path = saved(Image.fromarray(array), tmp_path / "f.tif")
        with pytest.raises(DataError, match=r"f\.tif holds .*8 or 16 bits"):
            open_image(path)


def test_a_picture_in_memory_is_converted_too() -> None:
    assert to_rgb(Image.new("L", (1, 1), 9)).getpixel((0, 0)) == (9, 9, 9)


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0, 1]], np.uint8),
        np.array([[0, 255]], np.uint8),
        np.array([[0, 1]], np.uint16),
        np.array([[0, 65535]], np.uint16),
        np.array([[[0, 0, 0], [0, 3, 0]]], np.uint8),
        np.array([[[0, 0, 0, 255], [9, 9, 9, 255]]], np.uint8),
        np.array([[False, True]]),
    ],
)
def test_a_mask_is_whatever_is_above_zero(tmp_path: Path, values: np.ndarray) -> None:
    mask = open_mask(saved(Image.fromarray(values), tmp_path / "m.png"))
    assert mask.tolist() == [[False, True]]


def test_a_palette_mask_goes_by_its_colours(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 255, 255, 0, 0, 0])
    image.putpixel((0, 0), 1)
    assert open_mask(saved(image, tmp_path / "m.png")).tolist() == [[False, True]]


def test_a_damaged_mask_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_bytes(b"no mask")
    with pytest.raises(DataError, match=r"m\.png is not an image"):
        open_mask(tmp_path / "m.png")
