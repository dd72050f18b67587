"""Recipes of towers so small that a step takes milliseconds."""

from workbench.demo.training.recipe import Recipe


def small_recipe(image_size: int) -> Recipe:
    """Two layers of 32 channels on patches of 8 px; pools of two batches, each shown twice."""
    vision = {
        "image_size": image_size,
        "patch_size": 8,
        "width": 32,
        "layers": 2,
        "head_width": 16,
    }
    text = {"context_length": 32, "width": 16, "heads": 1, "layers": 1}
    return Recipe(
        architecture={"embed_dim": 16, "vision_cfg": vision, "text_cfg": text},
        batch=8,
        pool=2,
        repeats=2,
        workers=0,
        warmup=2,
    )
