"""An explorer on a page: where its views are, and when they have all followed a choice."""

from collections.abc import Callable, Sequence

from playwright.sync_api import Locator, Page, expect

# Nothing is waited for any more, and what changed has been painted.
_SETTLED = """async (root) => {
  await Promise.resolve();
  while (root.getAttribute("aria-busy") === "true") await new Promise((go) => setTimeout(go, 1));
  await new Promise((go) => requestAnimationFrame(go));
  await new Promise((go) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = go;
    channel.port2.postMessage(0);
  });
}"""

# From the moment the browser took the input to the moment that all views were painted.
_STOPWATCH = f"""(root) => {{
  const settled = {_SETTLED};
  const first = !root.times;
  root.times = [];
  if (first) for (const kind of ["keydown", "click"]) {{
    root.addEventListener(kind, (event) => {{
      const began = event.timeStamp;
      setTimeout(async () => {{
        await settled(root);
        root.times.push(performance.now() - began);
      }});
    }}, true);
  }}
}}"""


class Views:
    """One explorer of a page, counted from 0 in the order they stand."""

    def __init__(self, page: Page, number: int = 0) -> None:
        self.page = page
        self.root = page.locator("section.ne").nth(number)
        self.map = self.root.locator("[aria-roledescription='map of neurons']")
        self.picture = self.root.locator("[aria-roledescription='picture with patches']")
        self.images = self.root.get_by_role("listbox", name="Images")
        self.shares = self.root.get_by_role("list", name="Neurons by share of the visual score")
        self.status = self.root.get_by_role("status").first
        self.threshold = self.root.get_by_role("region", name="Threshold")
        self.neuron = self.root.get_by_role("region", name="Neuron", exact=True)

    def opened(self, timeout: float = 120) -> "Views":
        """Wait until it shows something."""
        expect(self.images).to_be_visible(timeout=timeout * 1000)
        return self.settled()

    def settled(self) -> "Views":
        """Wait until all views have followed, and Python was told (a choice waits for 60 ms)."""
        self.root.evaluate(_SETTLED)
        self.page.wait_for_timeout(100)
        self.root.evaluate(_SETTLED)
        return self

    def shown(self) -> dict[str, str]:
        """Return what each view says."""
        head = self.root.get_by_role("region", name="Picture")
        return {
            "images": self.images.inner_text(),
            "image": self.images.get_by_role("option", selected=True).inner_text(),
            "picture": head.inner_text(),
            "patch": self.root.get_by_role("region", name="Patch").inner_text(),
            "neuron": self.neuron.inner_text(),
            "threshold": self.threshold.inner_text(),
            "map": self.map.get_attribute("aria-label") or "",
            "pixels": self.picture.evaluate("(canvas) => canvas.toDataURL()"),
        }

    def click_neuron(self) -> None:
        """Click on the map where a neuron is that is not shown yet."""
        before = self.map.get_attribute("aria-label")
        box = self._box(self.map)
        for x, y in ((0.3, 0.2), (0.5, 0.25), (0.7, 0.3), (0.3, 0.35), (0.6, 0.4), (0.4, 0.5)):
            self.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
            self.settled()
            if self.map.get_attribute("aria-label") != before:
                return
        raise AssertionError("no neuron was found on the map")

    def lasso(self, corners: Sequence[tuple[float, float]]) -> None:
        """Draw around neurons: corners as parts of the map's width and height."""
        self.root.get_by_role("button", name="Draw around neurons").click()
        box = self._box(self.map)
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in (*places[1:], places[0]):
            self.page.mouse.move(*place, steps=4)
        self.page.mouse.up()
        self.root.get_by_role("button", name="Draw around neurons").click()
        self.settled()

    def mode(self, name: str) -> None:
        """Choose which neurons take part."""
        self.root.get_by_role("radio", name=name).check(force=True)
        self.settled()

    def click_patch(self, row: float, column: float) -> None:
        """Click on the picture: row and column as parts of its height and width."""
        box = self._box(self.picture)
        self.page.mouse.click(box["x"] + column * box["width"], box["y"] + row * box["height"])
        self.settled()

    def timed(self, acts: Sequence[Callable[[], object]]) -> list[float]:
        """Return how many milliseconds each input took until all views were painted."""
        self.root.evaluate(_STOPWATCH)
        root = self.root.element_handle()
        for number, act in enumerate(acts, 1):
            act()
            self.page.wait_for_function(
                "([root, number]) => root.times.length >= number",
                arg=[root, number],
            )
        return [float(time) for time in self.root.evaluate("(root) => root.times")]

    def shows_literally(self, text: str) -> None:
        """Fail unless a text with markup stands there as it is, and made no element."""
        assert text in self.root.inner_text()
        assert self.root.locator("img, script, b b, h2 *").count() == 0
        assert self.page.evaluate("() => globalThis.hit") is None

    def shot(self, keep: Callable[..., None], name: str) -> None:
        """Have the whole of it kept as a picture: the window is made as tall for it."""
        size = self.page.viewport_size
        assert size is not None
        tall = int(self.root.evaluate("(root) => root.offsetHeight")) + 400
        self.page.set_viewport_size({"width": size["width"], "height": tall})
        self.root.evaluate("(root) => root.scrollIntoView()")
        keep(self.settled().root, name)
        self.page.set_viewport_size(size)

    def too_wide(self) -> list[str]:
        """Return what sticks out of the explorer to the right."""
        return list(
            self.root.evaluate(
                """(root) => {
                  const right = root.getBoundingClientRect().right + 1;
                  const clipped = (node) => node.closest("[role=listbox], .ne-hidden, svg");
                  return [...root.querySelectorAll("*")].filter((node) =>
                    !clipped(node) && node.getBoundingClientRect().right > right,
                  ).map((node) => node.outerHTML.slice(0, 120));
                }"""
            )
        )

    def _box(self, target: Locator) -> dict[str, float]:
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        assert box is not None
        return dict(box)


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return which views say something else than before."""
    return {view for view in before if before[view] != after[view]}
