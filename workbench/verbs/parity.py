"""`workbench parity`: a certificate for a model."""

import argparse

from workbench.verbs.outcome import Outcome
from workbench.verbs.shared import add_model_details, load, model_arguments


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("model", metavar="MODEL", help="demo, an open_clip NAME:TAG, or a folder")
    add_model_details(parser.add_argument_group("model"))


def run(options: argparse.Namespace) -> Outcome:
    """Compare the hooked model with the untouched one; status 1 if they differ."""
    from workbench.clip.parity import parity

    certificate = parity(load(model_arguments(options)))
    lines = [
        f"{certificate.model} ({certificate.source})",
        f"  weights      {certificate.fingerprint}",
        f"  input        {certificate.image_size[0]} x {certificate.image_size[1]} px",
        f"  activation   {certificate.activation}, LayerNorm eps {certificate.eps:g}",
        f"  attention    {certificate.attention_kernel}",
        f"  computed in  {certificate.dtype} on {certificate.device}",
        *(
            f"  {check.what}: max {check.maximum:.2e}, mean {check.mean:.2e}"
            for check in (*certificate.checks, *(certificate.settled or ()))
        ),
        certificate.verdict,
    ]
    status = 0 if certificate.passed else 1
    return Outcome("\n".join(lines), certificate.to_dict(), status)
