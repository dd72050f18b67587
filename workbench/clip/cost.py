"""What a model costs before it is built: weights, memory of a forward, size of every site.

Reckoned from the architecture alone, without torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from workbench.clip.registry import (
    Config,
    check_image_size,
    config_of,
    count_image_parameters,
    count_parameters,
    pair,
)
from workbench.clip.sites import (
    BLOCK_SITES,
    EMBEDDING_SITES,
    FINAL_SITES,
    kind_of,
    select_sites,
    site_names,
)
from workbench.errors import SettingError

if TYPE_CHECKING:
    from workbench.clip.facts import TowerFacts

_BYTES = {"fp64": 8, "fp32": 4, "fp16": 2, "bf16": 2}


@dataclass(frozen=True)
class Cost:
    """The sizes of a model at one input size, and what follows from them.

    Attributes:
        name: the model's.
        image_size, patch_size: height and width in pixels.
        n_layers, n_heads, d_model, d_mlp, d_embed: of the image tower.
        activation: `gelu` or `quickgelu`; the latter holds one more tensor of the MLP's width.
        parameters: weights of both towers.
        image_parameters: weights of the image tower.
        pooled_norm: whether the last normalisation sees the pooled token only.
    """

    name: str
    image_size: tuple[int, int]
    patch_size: tuple[int, int]
    n_layers: int
    n_heads: int
    d_model: int
    d_mlp: int
    d_embed: int
    activation: str
    parameters: int
    image_parameters: int
    pooled_norm: bool = False

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return (
            self.image_size[0] // self.patch_size[0],
            self.image_size[1] // self.patch_size[1],
        )

    @property
    def tokens(self) -> int:
        """Tokens of an image: CLS and the patches."""
        return 1 + prod(self.grid)

    @property
    def bytes_per_image(self) -> dict[str, int]:
        """Bytes of one image's activation at every kind of site, all tokens, fp32, one block's."""
        return {
            kind: 4 * self._values(kind) for kind in (*EMBEDDING_SITES, *BLOCK_SITES, *FINAL_SITES)
        }

    def site_bytes(self, names: str | list[str], dtype: str = "fp32") -> int:
        """Return the bytes of one image's activations at all sites that names or globs pick.

        Raises `SiteError` if one picks none, `SettingError` for an unknown number format.
        """
        picked = select_sites(names, site_names(self.n_layers))
        return width_of(dtype) * sum(self._values(kind_of(site)) for site in picked)

    def _values(self, kind: str) -> int:
        if kind == "hook_image_embed":
            return self.d_embed
        if kind in ("attn.hook_attn_scores", "attn.hook_pattern"):
            return self.n_heads * self.tokens**2
        tokens = 1 if kind == "ln_post.hook_normalized" and self.pooled_norm else self.tokens
        if kind in ("mlp.hook_pre", "mlp.hook_post"):
            return tokens * self.d_mlp
        return tokens * self.d_model * (self.n_heads if kind == "attn.hook_result" else 1)

    def weight_bytes(self, dtype: str = "fp32") -> int:
        """Return the bytes of both towers' weights."""
        return width_of(dtype) * self.parameters

    def activation_bytes(self, batch_size: int, dtype: str = "fp32") -> int:
        """Return the most that the activations of a forward without gradients take at once.

        Mostly it is reached inside a block. In the MLP the residual stream before and after the
        attention, the normalised input and the output of the layer that is running are held, with
        the hidden layer before and after its activation function. In the attention it is six
        residual streams' worth of inputs, queries, keys and values, and the scores, which a CPU
        computes whole. On a GPU the scores are never whole, so there this is an upper bound. With
        few images it is the embedding, which makes itself a copy of its weights.
        """
        hidden = (3 if self.activation == "quickgelu" else 2) * self.d_mlp
        in_mlp = 4 * self.d_model + hidden
        in_attention = 6 * self.d_model + self.n_heads * self.tokens
        in_block = batch_size * self.tokens * max(in_mlp, in_attention)
        kernels = 3 * prod(self.patch_size) * self.d_model
        in_embedding = batch_size * prod(self.grid) * self.d_model + kernels
        pixels = batch_size * 3 * prod(self.image_size)
        return width_of(dtype) * (max(in_block, in_embedding) + pixels)

    def forward_bytes(self, batch_size: int, dtype: str = "fp32") -> int:
        """Return the memory of a forward without gradients: weights, pixels and activations."""
        return self.weight_bytes(dtype) + self.activation_bytes(batch_size, dtype)

    @property
    def flops(self) -> int:
        """Floating-point operations of the image tower for one image (an addition is one)."""
        products = 4 * self.d_model**2 + 2 * self.d_model * self.d_mlp
        block = self.tokens * products + 2 * self.tokens**2 * self.d_model
        patches = (self.tokens - 1) * 3 * prod(self.patch_size) * self.d_model
        return 2 * (self.n_layers * block + patches + self.d_model * self.d_embed)


def cost(
    model: "str | Config | TowerFacts", image_size: int | tuple[int, int] | None = None
) -> Cost:
    """Return what a model costs: a name that open_clip has, `demo`, a configuration, or a model.

    `image_size` is another input size than the model's own, in pixels.

    >>> found = cost("ViT-B-16")
    >>> found.tokens, found.bytes_per_image["hook_resid_post"], found.flops // 10**8
    (197, 605184, 351)

    Raises `ModelError` for an unknown or unsupported name, `SettingError` for an image size that
    is no multiple of the patch.
    """
    if isinstance(model, str):
        return _of_config(model, config_of(model), image_size)
    if isinstance(model, Mapping):
        return _of_config("the model", model, image_size)
    return _of_model(model, image_size)


def _of_config(name: str, config: Config, image_size: int | tuple[int, int] | None) -> Cost:
    vision = config["vision_cfg"]
    size = check_image_size(image_size, config) or pair(vision.get("image_size", 224))
    resized = {**config, "vision_cfg": {**vision, "image_size": size}}
    width = vision.get("width", 768)
    return Cost(
        name=name,
        image_size=size,
        patch_size=pair(vision.get("patch_size", 16)),
        n_layers=vision.get("layers", 12),
        n_heads=width // vision.get("head_width", 64),
        d_model=width,
        d_mlp=int(width * vision.get("mlp_ratio", 4.0)),
        d_embed=config["embed_dim"],
        activation="quickgelu" if config.get("quick_gelu") else "gelu",
        parameters=count_parameters(resized),
        image_parameters=count_image_parameters(resized),
        pooled_norm=bool(vision.get("final_ln_after_pool")),
    )


def _of_model(model: "TowerFacts", image_size: int | tuple[int, int] | None) -> Cost:
    found = Cost(
        name=model.name,
        image_size=model.image_size,
        patch_size=model.patch_size,
        n_layers=model.n_layers,
        n_heads=model.n_heads,
        d_model=model.d_model,
        d_mlp=model.d_mlp,
        d_embed=model.d_embed,
        activation=model.activation,
        parameters=sum(weight.numel() for weight in model.clip.parameters()),
        image_parameters=sum(weight.numel() for weight in model.visual.parameters()),
        pooled_norm=bool(model.visual.final_ln_after_pool),
    )
    if image_size is None:
        return found
    config: dict[str, Any] = {"vision_cfg": {"patch_size": model.patch_size}}
    size = check_image_size(image_size, config) or found.image_size
    there = replace(found, image_size=size)
    more = (there.tokens - found.tokens) * model.d_model  # the position embedding
    return replace(
        there,
        parameters=found.parameters + more,
        image_parameters=found.image_parameters + more,
    )


def width_of(dtype: str) -> int:
    """Return the bytes of one number; also of torch's spelling, such as `float32`.

    >>> width_of("fp16"), width_of("torch.bfloat16")
    (2, 2)

    Raises `SettingError` for an unknown format.
    """
    short = dtype.removeprefix("torch.").replace("bfloat", "bf").replace("float", "fp")
    if short not in _BYTES:
        raise SettingError(f"no number format {dtype!r}; there are: {', '.join(_BYTES)}.")
    return _BYTES[short]


def readable(size: float) -> str:
    """Return a number of bytes as a person reads it.

    >>> readable(999), readable(1_234_567), readable(5e9)
    ('999 B', '1.2 MB', '5.0 GB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
