"""Chromium, driven by Playwright: found, started, and watched for what it must not do."""

import os
import shutil
from collections.abc import Callable

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

NAMES = ("chromium", "chromium-browser", "google-chrome")

ARGUMENTS = (
    "--no-sandbox",  # as root, in containers
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-precise-memory-info",
    "--js-flags=--expose-gc",
)


def find() -> str | None:
    """Return the path of a Chromium: what `CHROMIUM` names, or one of the usual names."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Watch:
    """Console errors, exceptions and requests of all pages of a context.

    `noise` says which of a page's errors are known to be somebody else's; `allowed` which
    addresses may be asked for.
    """

    def __init__(
        self,
        context: BrowserContext,
        allowed: Callable[[str], bool],
        noise: Callable[[str, str], bool] = lambda text, url: False,
    ) -> None:
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self._allowed, self._noise = allowed, noise
        context.on("request", self._requested)
        context.on("page", self._opened)

    def check(self) -> None:
        """Fail if there was an error, or a request that is not allowed."""
        assert not self.errors, "\n".join(self.errors)
        assert not self.foreign, "\n".join(self.foreign)

    def _opened(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))

    def _said(self, message: ConsoleMessage) -> None:
        url = message.location.get("url", "")
        if message.type == "error" and not self._noise(message.text, url):
            self.errors.append(f"{message.text} ({url})")

    def _requested(self, request: Request) -> None:
        if not self._allowed(request.url):
            self.foreign.append(request.url)


def on_disk(url: str) -> bool:
    """Whether an address needs no network."""
    return url.startswith(("file:", "blob:", "data:"))
