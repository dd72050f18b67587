"""Where the embedded default lies: in the repository's `data/`, or inside an installed wheel."""

from pathlib import Path

from workbench.errors import DataError


def data_root() -> Path:
    """Return the folder that holds `demo/` (images) and `models/demo/` (weights).

    Raises `DataError` if the installation lacks it.
    """
    package = Path(__file__).resolve().parent
    for candidate in (package / "data", package.parent / "data"):
        if (candidate / "models").is_dir():
            return candidate
    raise DataError(
        f"the embedded data is missing: neither {package / 'data'} nor {package.parent / 'data'} "
        "holds it. Install the package again, or run from a complete clone."
    )


def demo_images() -> Path:
    """Return the demo inspection set, a root of categories in the MVTec AD layout.

    Raises `DataError` if the installation lacks it.
    """
    return _part("set of images", "demo")


def demo_model() -> Path:
    """Return the demo CLIP, an open_clip directory. Raises `DataError` if it is not installed."""
    return _part("model", "models", "demo")


def _part(what: str, *names: str) -> Path:
    folder = data_root().joinpath(*names)
    if not folder.is_dir() or not any(folder.iterdir()):
        state = "is empty" if folder.is_dir() else "does not exist"
        raise DataError(
            f"the embedded {what} is missing: {folder} {state}. Install the package again, or run "
            "from a complete clone."
        )
    return folder
