"""What a hooked tower is: sizes, places, number format, and the fingerprint of its weights."""

import hashlib
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from workbench.clip.tree import TowerConfig


class TowerFacts:
    """Read-only properties of a model that holds an open_clip `clip` and a `cfg`."""

    clip: nn.Module
    cfg: TowerConfig
    model_name: str
    _fingerprint: tuple[object, str] | None = None

    @property
    def visual(self) -> Any:
        """The untouched open_clip image tower."""
        return self.clip.visual

    @property
    def name(self) -> str:
        """What the model is called in results."""
        return self.model_name

    @property
    def n_layers(self) -> int:
        """Number of blocks."""
        return self.cfg.n_layers

    @property
    def n_heads(self) -> int:
        """Attention heads per block."""
        return self.cfg.n_heads

    @property
    def d_model(self) -> int:
        """Channels of the residual stream."""
        return self.cfg.d_model

    @property
    def d_head(self) -> int:
        """Channels of one attention head."""
        return self.cfg.d_head

    @property
    def d_mlp(self) -> int:
        """Hidden units of one MLP."""
        return self.cfg.d_mlp

    @property
    def d_embed(self) -> int:
        """Channels of the joint image-text embedding."""
        return int(self.visual.proj.shape[1])

    @property
    def activation(self) -> str:
        """The MLP's activation function: `gelu` or `quickgelu`."""
        return self.cfg.act_fn

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the input, in pixels."""
        height, width = self.visual.image_size
        return height, width

    @property
    def patch_size(self) -> tuple[int, int]:
        """Height and width of a patch, in pixels."""
        height, width = self.visual.patch_size
        return height, width

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        rows, columns = self.visual.grid_size
        return rows, columns

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return cast(Tensor, self.visual.proj).device

    @property
    def dtype(self) -> torch.dtype:
        """The weights' number format."""
        return cast(Tensor, self.visual.conv1.weight).dtype

    @property
    def fingerprint(self) -> str:
        """`sha256:` over architecture and weights, whatever the model is called.

        Computed again when the weights have changed; a change behind autograd's back, through a
        tensor's `.data`, is not noticed.
        """
        state = self.clip.state_dict()
        version = tuple(
            (tensor.data_ptr(), None if tensor.is_inference() else tensor._version)
            for tensor in state.values()
        )
        if self._fingerprint is None or self._fingerprint[0] != version:
            shape = (replace(self.cfg, model_name=""), self.image_size, self.patch_size)
            digest = hashlib.sha256(repr(shape).encode())
            for key, tensor in state.items():
                digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
                raw = tensor.detach().cpu().contiguous().flatten()
                digest.update(memoryview(raw.view(torch.uint8).numpy()))
            self._fingerprint = (version, f"sha256:{digest.hexdigest()}")
        return self._fingerprint[1]
