"""Weights from the network: fetched, or one message that says how to get them without it."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from workbench.errors import ModelError


def fetch(download: Callable[[], Any], what: str, recipe: str) -> str:
    """Return what `download` returns, as text: the path of a file in a cache.

    Without a network the cache is looked into at once; the Hub's own client would ask again and
    again for the better part of a minute. Raises `ModelError`, with the recipe, if it fails.
    """
    reachable = hub_is_reachable()
    try:
        with _hub(offline=not reachable):
            return str(download())
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        if not reachable:
            reason = "there is no network, and they were not fetched before"
        raise ModelError(
            f"cannot fetch {what}: {reason}. Without a network, get the weights on a machine that "
            f"has one: {recipe}."
        ) from error


def hub_is_reachable() -> bool:
    """Return whether the Hub's name can be looked up, or a proxy does so in our place."""
    from huggingface_hub import constants

    if getproxies():
        return True
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, 443)
    except OSError:
        return False
    return True


@contextmanager
def _hub(*, offline: bool) -> Iterator[None]:
    """Have the Hub's client look into its cache alone if `offline`, and say no more than errors."""
    from huggingface_hub import constants

    before, log = constants.HF_HUB_OFFLINE, logging.getLogger("huggingface_hub")
    level = log.level
    constants.HF_HUB_OFFLINE = before or offline
    log.setLevel(logging.ERROR)  # it announces every further try twice
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
        log.setLevel(level)
