"""A certificate that looking inside does not change what the model computes."""

import copy
import html
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from workbench.clip.hooked import HookedCLIP
from workbench.errors import SettingError

FP32_TOLERANCE = 5e-5
"""Largest absolute difference of an image embedding that rounding in fp32 explains."""

FP64_TOLERANCE = 1e-9
"""The same in fp64: whatever is larger is another computation, not rounding."""


@dataclass(frozen=True)
class Check:
    """How far one way of running the hooked model is from the untouched one.

    `maximum` and `mean` are absolute differences over all channels of the image embeddings (not
    normalised).
    """

    what: str
    maximum: float
    mean: float


@dataclass(frozen=True)
class Parity:
    """What was compared, under which conditions, and how far apart the two were.

    `tolerance` is absolute. `settled` holds the same checks in fp64, if `checks` left a doubt.
    """

    model: str
    source: str
    fingerprint: str
    images: int
    image_size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    activation: str
    eps: float
    attention_kernel: str
    device: str
    dtype: str
    checks: tuple[Check, ...]
    tolerance: float
    settled: tuple[Check, ...] | None
    versions: dict[str, str]

    @property
    def max_difference(self) -> float:
        """The largest absolute difference of all checks, in the model's own dtype."""
        return _worst(check.maximum for check in self.checks)

    @property
    def mean_difference(self) -> float:
        """The largest of the checks' mean absolute differences, in the model's own dtype."""
        return _worst(check.mean for check in self.checks)

    @property
    def passed(self) -> bool:
        """Whether the hooked model computes what the untouched one does."""
        if self.settled is not None:
            return all(check.maximum <= FP64_TOLERANCE for check in self.settled)
        return self.max_difference <= self.tolerance

    @property
    def verdict(self) -> str:
        """The result in one sentence."""
        within = "within" if self.max_difference <= self.tolerance else "above"
        words = (
            f"largest difference {self.max_difference:.1e}, {within} {self.tolerance:.1e} "
            f"({self.dtype})"
        )
        if self.settled is not None:
            worst = _worst(check.maximum for check in self.settled)
            cause = "rounding" if self.passed else "a different computation"
            words += f"; in fp64 {worst:.1e}, so it is {cause}"
        return f"{'passed' if self.passed else 'FAILED'}: {words}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON-able data; what is not a finite number is None."""
        summary = {
            "passed": self.passed,
            "verdict": self.verdict,
            "max_difference": self.max_difference,
            "mean_difference": self.mean_difference,
        }
        return cast(dict[str, Any], _plain(summary | asdict(self)))

    def _repr_html_(self) -> str:
        rows = [
            (check.what, f"{check.maximum:.2e} (mean {check.mean:.1e})") for check in self.checks
        ]
        for check in self.settled or ():
            rows.append((f"{check.what}, in fp64", f"{check.maximum:.2e} (mean {check.mean:.1e})"))
        height, width = self.image_size
        rows += [
            ("model", f"{self.model}, {self.source}"),
            ("weights", self.fingerprint),
            ("input", f"{self.images} images of {height} x {width} px"),
            ("preprocessing", f"mean {_numbers(self.mean)}, std {_numbers(self.std)}"),
            ("activation", f"{self.activation}, LayerNorm eps {self.eps:g}"),
            ("attention kernel", self.attention_kernel),
            ("computed in", f"{self.dtype} on {self.device}"),
            ("versions", ", ".join(f"{name} {version}" for name, version in self.versions.items())),
        ]
        body = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in rows
        )
        return f"<p><b>Parity {html.escape(self.verdict)}</b></p><table>{body}</table>"


def parity(
    model: HookedCLIP,
    images: Float[Tensor, "image 3 height width"] | None = None,
    *,
    seed: int = 0,
) -> Parity:
    """Compare a hooked model with the untouched open_clip tower of the same weights.

    The tower is built afresh by open_clip and shares the weights and nothing else. The model is
    run idle, with every site read, and with every site replaced by a copy of itself, which forces
    the blocks and their attention to run split. In fp32 a difference above 5e-5 is a doubt, in
    half precision one above eight units in the last place of the largest channel; a doubt is
    settled by repeating all of it in fp64.

    Args:
        model: the model to certify. It must have no hooks on it.
        images: preprocessed pixels; two images of noise, drawn from `seed`, if None.
        seed: of the noise.

    Raises `SettingError` if hooks were left on the model.
    """
    import open_clip

    left = [name for name, point in model.hook_dict.items() if point.has_hooks("both")]
    if left:
        raise SettingError(
            f"hooks are on the model ({', '.join(left[:3])}), so it may compute something else on "
            "purpose: call model.reset_hooks() before parity(model)."
        )
    if images is None:
        generator = torch.Generator().manual_seed(seed)
        images = torch.randn(2, 3, *model.image_size, generator=generator)
    x = images.to(model.device, model.dtype)
    with torch.no_grad():
        plain = untouched(model.visual, model.dtype)
        with _AttentionKernels() as kernels:
            expected = cast(Tensor, plain(x))
        checks = _compare(model, x, expected)
        tolerance = _tolerance(model.dtype, float(expected.abs().max()))
        settled = None
        if not _worst(check.maximum for check in checks) <= tolerance:  # NaN is a doubt as well
            settled = _in_fp64(model, x)
    return Parity(
        model=model.name,
        source=model.source,
        fingerprint=model.fingerprint,
        images=len(x),
        image_size=model.image_size,
        mean=tuple(model.mean),
        std=tuple(model.std),
        activation=model.activation,
        eps=float(model.cfg.eps),
        attention_kernel=kernels.names,
        device=str(model.device),
        dtype=str(model.dtype).removeprefix("torch."),
        checks=checks,
        tolerance=tolerance,
        settled=settled,
        versions={"torch": torch.__version__, "open_clip": open_clip.__version__},
    )


def untouched(visual: Any, dtype: torch.dtype) -> nn.Module:
    """Return a new open_clip image tower, in eval mode, with the weights of `visual` and no hooks.

    The weights are shared where the dtype is the same.
    """
    from open_clip.transformer import LayerScale, VisionTransformer

    first = visual.transformer.resblocks[0]
    norm, kind = visual.ln_post, cast(Any, type(visual.ln_post))
    with torch.device("meta"):
        tower = VisionTransformer(
            image_size=visual.image_size,
            patch_size=visual.patch_size,
            width=first.attn.embed_dim,
            layers=len(visual.transformer.resblocks),
            heads=first.attn.num_heads,
            mlp_ratio=(first.mlp.c_fc.out_features + 0.5) / first.attn.embed_dim,
            ls_init_value=1.0 if isinstance(first.ls_1, LayerScale) else None,
            output_dim=visual.proj.shape[1],
            no_ln_pre=isinstance(visual.ln_pre, nn.Identity),
            pool_type=visual.pool_type,
            final_ln_after_pool=visual.final_ln_after_pool,
            act_layer=lambda: copy.deepcopy(first.mlp.gelu),
            norm_layer=partial(kind, eps=norm.eps),
        )
    weights = {key: tensor.to(dtype) for key, tensor in visual.state_dict().items()}
    tower.load_state_dict(weights, assign=True)
    return cast(nn.Module, tower.eval().requires_grad_(False))


class _AttentionKernels(TorchDispatchMode):
    """Notes which attention kernels run."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._seen: dict[str, None] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func).removeprefix("aten.").removesuffix(".default")
        if "attention" in name:
            self._seen[name] = None
        return func(*args, **(kwargs or {}))

    @property
    def names(self) -> str:
        """The kernels in the order in which they first ran."""
        return ", ".join(self._seen) or "none fused"


def _compare(
    model: HookedCLIP, x: Float[Tensor, "image 3 height width"], expected: Tensor
) -> tuple[Check, ...]:
    def read(_value: Tensor, hook: Any) -> None:  # noqa: ARG001
        return None

    def replace(value: Tensor, hook: Any) -> Tensor:  # noqa: ARG001
        return value.clone()

    sites = "*"
    results = {
        "idle": model(x),
        "every site read": model.run_with_hooks(x, fwd_hooks=[(sites, read)]),
        "every site replaced by a copy": model.run_with_hooks(x, fwd_hooks=[(sites, replace)]),
    }
    checks = []
    for what, result in results.items():
        difference = (result.cpu().double() - expected.cpu().double()).abs()
        checks.append(Check(what, float(difference.max()), float(difference.mean())))
    return tuple(checks)


def _worst(differences: Iterable[float]) -> float:
    """Return the largest, where nothing is larger than NaN."""
    return max(differences, key=lambda value: (math.isnan(value), value))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


def _tolerance(dtype: torch.dtype, scale: float) -> float:
    if dtype == torch.float64:
        return FP64_TOLERANCE
    if dtype == torch.float32:
        return FP32_TOLERANCE
    return 8 * torch.finfo(dtype).eps * scale


def _in_fp64(model: HookedCLIP, x: Float[Tensor, "image 3 height width"]) -> tuple[Check, ...]:
    device = torch.device("cpu") if model.device.type == "mps" else model.device

    tower = nn.Module()
    tower.visual = untouched(model.visual.to(device), torch.float64)
    precise = HookedCLIP(
        tower, name=model.name, tokenizer=model.tokenize, mean=model.mean, std=model.std
    )
    x = x.to(device).double()
    return _compare(precise, x, cast(Tensor, untouched(tower.visual, torch.float64)(x)))
