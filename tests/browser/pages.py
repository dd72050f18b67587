"""`python -m tests.browser.pages FOLDER`: the pages that the tests open from disk.

`explorer.html` and `report.html` of one embedded category; `hostile.html`, whose names are markup.
"""

import sys
from pathlib import Path

import workbench as wb
from tests.browser.hostile import hostile
from workbench import cli


def write(folder: Path) -> None:
    """Write the pages. Raises `RuntimeError` if a verb fails."""
    images = wb.demo_images()
    excavation = wb.excavate(wb.read_dataset(images)["metal"], wb.load_model("demo"), shots=4)
    wb.explore(excavation, images).save_html(folder / "explorer.html")
    wb.explore(*hostile(folder / "hostile")).save_html(folder / "hostile.html")
    run = excavation.save(folder / "run")
    status = cli.main(["evaluate", str(run), str(images / "metal"), "--out", str(folder / "out")])
    if status:
        raise RuntimeError(f"evaluate ended with status {status}.")
    (folder / "out" / "report.html").rename(folder / "report.html")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
