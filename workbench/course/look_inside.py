"""Checks of notebook 01: a neuron's map, a hook, and the chances of sentences."""

from typing import Any

import torch

from workbench.course.checked import Wrong, called, check, numbers


@check("1.1")
def neuron_as_picture(function: Any) -> str:
    """Ask for a channel whose numbers say which patch they are of, on a grid that is no square."""
    rows, columns, channel = 3, 4, 2
    residual = torch.full((1 + rows * columns, 5), -7.0)
    residual[1:, channel] = torch.arange(float(rows * columns))
    residual[0, channel] = -1.0
    given = (residual.clone(), channel, (rows, columns))
    found = numbers(called(function, *given), what="your map")
    if found.size == rows * columns + 1:
        raise Wrong("your map has one number too many: token 0, CLS, is no patch.")
    found = numbers(found, like=(rows, columns), what="your map")
    if (found == -7).any():
        raise Wrong("your map shows another channel than the one asked for.")
    if (found == -1).any():
        raise Wrong("CLS is in your map: patches begin at token 1.")
    if found[0].tolist() != list(range(columns)):
        raise Wrong("the patches are in the map, but not row by row.")
    return "every patch is in its place, and CLS is not among them."


@check("1.2")
def silence_one_neuron(function: Any) -> str:
    """Give the returned hook an activation and look what it did to every part of it."""
    value = 1 + torch.rand(2, 5, 6, generator=torch.Generator().manual_seed(12))
    before, channel = value.clone(), 3
    hook = called(function, channel)
    if not callable(hook):
        raise Wrong(f"a hook is expected, a function; yours is a {type(hook).__name__}.")
    found = numbers(called(hook, value, None), like=(2, 5, 6), what="what your hook returns")
    if not torch.equal(value, before):
        raise Wrong("your hook changes the tensor it is given: work on a clone.")
    others = [at for at in range(6) if at != channel]
    if (found[:, :, others] != before[:, :, others].double().numpy()).any():
        raise Wrong("your hook changes other channels too.")
    if (found[:, 0, channel] != before[:, 0, channel].double().numpy()).any():
        raise Wrong("your hook changes CLS, which was to stay as it is.")
    if found[:, 1:, channel].any():
        raise Wrong("the channel is not 0 at every patch of every image.")
    return "one neuron is silent at the patches, and nothing else has changed."


@check("1.3")
def which_sentence(function: Any) -> str:
    """Ask for chances: they sum to 1, do not see lengths, and follow the temperature."""
    made = torch.Generator().manual_seed(13)
    image, texts = torch.randn(8, generator=made), torch.randn(5, 8, generator=made)
    cosines = torch.cosine_similarity(texts, image[None])
    found = numbers(called(function, image, texts, 1.0), like=(5,), what="your chances")
    if (found < 0).any() or abs(found.sum() - 1) > 1e-4:
        raise Wrong("chances are not negative and sum to 1 over the texts.")
    long = numbers(called(function, 9 * image, texts * torch.arange(1.0, 6.0)[:, None], 1.0))
    if abs(long - found).max() > 1e-4:
        raise Wrong("longer embeddings change your chances: scale both sides to length one.")
    for temperature in (0.1, 1.0):
        wanted = (cosines / temperature).softmax(0).double().numpy()
        given = numbers(called(function, image, texts, temperature), like=(5,))
        if abs(given - wanted).max() > 1e-4:
            raise Wrong("the order is that of the cosines, but the temperature is not used so.")
    return "your chances are a softmax of cosines over the temperature."
