"""Where a model computes, and in which number format."""

import torch
import torch.nn.functional as F

from workbench.errors import SettingError

_DTYPES = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "fp64": torch.float64,
}
_DEVICES = ("cuda", "mps", "cpu")


def choose_device(device: str | torch.device) -> torch.device:
    """Return the device: for `auto` the first of cuda, mps and cpu that this machine has.

    Raises `SettingError` for a kind of device that towers do not run on.
    """
    if device == "auto":
        available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        return torch.device(next((kind for kind, here in available.items() if here), "cpu"))
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise SettingError(f"unknown device {device!r}: auto, {', '.join(_DEVICES)}.") from error
    if chosen.type not in (*_DEVICES, "xpu"):
        raise SettingError(f"device {device!r} cannot be used: auto, {', '.join(_DEVICES)}.")
    return chosen


def choose_dtype(dtype: str | torch.dtype | None) -> torch.dtype:
    """Return the number format of a name (`fp32`, `fp16`, `bf16`, `fp64`); None means fp32.

    Raises `SettingError` for any other format.
    """
    if dtype is None:
        return torch.float32
    chosen = _DTYPES.get(dtype) if isinstance(dtype, str) else dtype
    if chosen is None or chosen not in _DTYPES.values():
        raise SettingError(f"dtype {dtype!r} cannot be used: {', '.join(_DTYPES)}.")
    return chosen


def check_computes(device: torch.device, dtype: torch.dtype) -> None:
    """Raise `SettingError` unless the device is there and can run a tower's operations in dtype."""
    try:
        image = torch.zeros(1, 1, 2, 2, device=device, dtype=dtype)
        tokens = F.conv2d(image, image.new_zeros(1, 1, 1, 1)).flatten(2)
        F.scaled_dot_product_attention(F.layer_norm(F.gelu(tokens), (4,)), tokens, tokens)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SettingError(
            f"{device} cannot compute in {str(dtype).removeprefix('torch.')} here: {reason} Choose "
            "device='auto' (what this machine has) and dtype=None (fp32)."
        ) from error
