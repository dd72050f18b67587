"""A built site, read: its pages, their anchors, what they link to and what they load."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "embed": "src"}
LOADING_RELATIONS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "manifest"}


@dataclass
class Built:
    """One page: the ids in it, its links, and what a browser asks for to render it."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Built()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.page.anchors |= {given[key] for key in ("id", "name") if key in given}
        self.page.classes |= set(given.get("class", "").split())
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        if tag == "link" and LOADING_RELATIONS & set(given.get("rel", "").split()):
            self.page.loads.append(given["href"])
        if given.get(LOADED.get(tag, "")):
            self.page.loads.append(given[LOADED[tag]])


def read(file: Path) -> Built:
    reader = _Reader()
    reader.feed(file.read_text("utf-8"))
    return reader.page
