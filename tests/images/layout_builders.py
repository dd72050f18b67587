"""Every layout of the field in miniature, with the traps that the real sets have."""

import csv
import json
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (12, 10)  # width, height


def picture(path: Path, mode: str = "RGB", size: tuple[int, int] = SIZE, **options) -> Path:
    """Draw noise that no other picture has, in any pixel format Pillow knows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32("/".join(path.parts[-4:]).encode()))
    width, height = size
    noise = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65536, (height, width), dtype=np.uint16))
    elif mode == "P":
        image = noise.quantize(16)
    else:
        image = noise.convert(mode)
    image.save(path, **options)
    return path


def mask(
    path: Path, value: int = 255, size: tuple[int, int] = SIZE, corner: tuple[int, int] = (0, 0)
) -> Path:
    """Draw a mask of 3 x 3 pixels of a value, 0 elsewhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros(size[::-1], np.uint8)
    row, column = corner
    pixels[row : row + 3, column : column + 3] = value
    Image.fromarray(pixels).save(path)
    return path


def mvtec(root: Path, defects: Iterable[str] = ("bent", "scratch")) -> Path:
    """Numbers start anew in every folder, and masks do not sort as their images do."""
    for index in range(4):
        picture(root / f"train/good/{index:03}.png", ("RGB", "L", "I;16", "P")[index])
    for index in range(2):
        picture(root / f"test/good/{index:03}.png")
        for defect in defects:
            picture(root / f"test/{defect}/{index:03}.png")
            mask(root / f"ground_truth/{defect}/{index:03}_mask.png")
    (root / "license.txt").write_text("as published")
    return root


def mpdd(root: Path) -> Path:
    for category in ("bracket_black", "tubes"):
        mvtec(root / category, ["hole"])
    return root


def mvtec_ad_2(root: Path) -> Path:
    """Lightings of one object; private parts lie flat, in two folders with the same names."""
    for light in ("regular", "overexposed", "shift_1"):
        picture(root / f"train/good/000_{light}.png")
        picture(root / f"validation/good/001_{light}.png")
        picture(root / f"test_public/good/000_{light}.png")
        picture(root / f"test_public/bad/000_{light}.png")
        mask(root / f"test_public/ground_truth/bad/000_{light}_mask.png")
    for part in ("test_private", "test_private_mixed"):
        for index in range(2):
            picture(root / part / f"{index:03}.png")
    return root


def mvtec_loco(root: Path) -> Path:
    """Several masks for an image, apart and overlapping, whose grey names the defect."""
    for index in range(3):
        picture(root / f"train/good/{index:03}.png")
    picture(root / "validation/good/000.png")
    picture(root / "test/good/000.png")
    for index in range(2):
        picture(root / f"test/logical_anomalies/{index:03}.png")
        picture(root / f"test/structural_anomalies/{index:03}.png")
        truth = root / "ground_truth"
        mask(truth / f"logical_anomalies/{index:03}/000.png", 236)
        mask(truth / f"logical_anomalies/{index:03}/001.png", 255, corner=(2, 2))
        mask(truth / f"logical_anomalies/{index:03}/002.png", 240, corner=(6, 7))
        mask(truth / f"structural_anomalies/{index:03}/000.png", 251)
    (root / "defects_config.json").write_text("[]")
    return root


def visa(root: Path, categories: Iterable[str] = ("candle", "pcb1")) -> Path:
    """One folder of normals for both splits; masks are small integers; a table says the rest."""
    rows = []
    for category in categories:
        data = f"{category}/Data"
        for index in range(5):
            name = f"{data}/Images/Normal/{index:04}.JPG"
            picture(root / name, quality=95)
            rows.append([category, "test" if index > 2 else "train", "normal", name, ""])
        for index in range(2):
            name, truth = f"{data}/Images/Anomaly/{index:03}.JPG", f"{index:03}.png"
            picture(root / name, quality=95)
            mask(root / data / "Masks/Anomaly" / truth, index + 1)
            masked = f"{data}/Masks/Anomaly/{truth}"
            rows.append([category, "test", "anomaly", name, masked])
        (root / category / "image_anno.csv").write_text("image,label,mask\n")
    (root / "split_csv").mkdir()
    with (root / "split_csv/1cls.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["object", "split", "label", "image", "mask"], *rows])
    (root / "split_csv/2cls_fewshot.csv").write_text("object,split,label,image,mask\n")
    return root


def visa_1cls(root: Path, categories: Iterable[str] = ("candle", "pcb1")) -> Path:
    for category in categories:
        for index in range(3):
            picture(root / category / f"train/good/{index:04}.JPG")
        for index in range(2):
            picture(root / category / f"test/good/{index:04}.JPG")
            picture(root / category / f"test/bad/{index:03}.JPG")
            mask(root / category / f"ground_truth/bad/{index:03}.png", index + 1)
    return root


def btad(root: Path) -> Path:
    """Images and masks have other suffixes in every category."""
    for category, of_image, of_mask in (
        ("01", "bmp", "png"),
        ("02", "png", "png"),
        ("03", "bmp", "bmp"),
    ):
        for index in range(3):
            picture(root / category / f"train/ok/{index:04}.{of_image}")
        for index in range(2):
            picture(root / category / f"test/ok/{index:04}.{of_image}")
            picture(root / category / f"test/ko/{index:04}.{of_image}")
            mask(root / category / f"ground_truth/ko/{index:04}.{of_mask}")
    return root


def brain(root: Path, *, train: bool = True, masks: str = "label", inside: str = "img") -> Path:
    """Normals carry empty masks of the same names as those of the anomalies."""
    for index in range(3):
        if train:
            picture(root / f"train/good/{index:05}_60.png", "L")
        for part in ("valid", "test"):
            picture(root / part / "good" / inside / f"{index:05}_70.png", "L")
            picture(root / part / "Ungood" / inside / f"{index:05}_80.png", "L")
            mask(root / part / "good" / masks / f"{index:05}_70.png", 0)
            mask(root / part / "Ungood" / masks / f"{index:05}_80.png", 255)
    return root


def mtd(root: Path) -> Path:
    """Photographs and masks in one folder; resampled masks; one that is empty above 127."""
    for index in range(10):
        size = (12 + index, 10)
        picture(root / f"MT_Free/Imgs/exp1_num_{index}.jpg", "L", size)
        mask(root / f"MT_Free/Imgs/exp1_num_{index}.png", 0, size)
    for kind in ("Blowhole", "Break", "Crack", "Fray", "Uneven"):
        picture(root / f"MT_{kind}/Imgs/exp2_num_7.jpg", "L")
        mask(root / f"MT_{kind}/Imgs/exp2_num_7.png", 100 if kind == "Fray" else 200)
    grey = root / "MT_Crack/Imgs/exp2_num_7.png"
    pixels = np.asarray(Image.open(grey)).copy()
    pixels[3, :3], pixels[4, :3] = 128, 127  # an edge that resampling left
    Image.fromarray(pixels).save(grey)
    (root / "README.md").write_text("as published")
    return root


def plain(root: Path) -> Path:
    for index in range(5):
        picture(root / f"normal/{index}.jpg")
    picture(root / "abnormal/dent/a.jpg")
    mask(root / "masks/dent/a.png")
    return root


def normals(root: Path) -> Path:
    for index in range(3):
        picture(root / f"{index}.webp")
    return root


def meta_json(root: Path) -> Path:
    """What code around CLIP makes of an MVTec category that lies in no known layout."""
    content: dict = {"train": {"bolt": []}, "test": {"bolt": []}}

    def row(name: str, kind: str, truth: str = "") -> dict:
        picture(root / name)
        if truth:
            mask(root / truth)
        return {
            "img_path": name,
            "mask_path": truth,
            "cls_name": "bolt",
            "specie_name": kind,
            "anomaly": int(bool(truth)),
        }

    for index in range(3):
        content["train"]["bolt"].append(row(f"bolt/a/{index}.png", "good"))
    content["test"]["bolt"].append(row("bolt/b/0.png", "good"))
    content["test"]["bolt"].append(row("bolt/c/0.png", "bent", "truth/c0.png"))
    (root / "meta.json").write_text(json.dumps(content))
    return root


def table(root: Path, name: str = "set.csv", separator: str = ",") -> Path:
    rows = [["path", "split", "label", "defect", "mask_path"]]
    for index in range(3):
        picture(root / f"pics/n{index}.png")
        rows.append([f"pics/n{index}.png", "test" if index == 2 else "train", "0", "", ""])
    picture(root / "pics/bad.png")
    mask(root / "truth/one.png")
    mask(root / "truth/two.png", corner=(5, 5))
    rows.append(["pics/bad.png", "test", "1", "dent", "truth/one.png|truth/two.png"])
    picture(root / "pics/open.png")
    rows.append(["pics/open.png", "test", "", "", ""])
    lines = "".join(separator.join(row) + "\r\n" for row in rows)
    (root / name).write_bytes(b"\xef\xbb\xbf" + lines.encode())  # as spreadsheets save it
    return root / name
