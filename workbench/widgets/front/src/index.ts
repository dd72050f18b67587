/** The explorer as an anywidget, and as a part of a page that has everything in it. */

import { Atlas } from "./atlas.ts";
import { isDark, watchTheme } from "./colours.ts";
import type { Context } from "./context.ts";
import { h, unpacked } from "./dom.ts";
import { Explorer } from "./explorer.ts";
import { FileSource } from "./file_source.ts";
import { KernelSource, type Model } from "./kernel_source.ts";
import type { Source } from "./source.ts";
import style from "./style.css";
import { imageList } from "./views/image_list.ts";
import { neuronMap } from "./views/neuron_map.ts";
import { neuronPanel } from "./views/neuron_panel.ts";
import { pictureView } from "./views/picture.ts";
import { shareBars } from "./views/shares.ts";
import { thresholdView } from "./views/threshold.ts";
import { toolbar } from "./views/toolbar.ts";

const decode = (bytes: Uint8Array): Promise<ImageBitmap | null> =>
  createImageBitmap(new Blob([bytes as BlobPart])).catch(() => null);

/** Put an explorer into an element; returns how to take it away. */
function mount(el: HTMLElement, source: Source, view: unknown = "explorer"): () => void {
  const explorer = new Explorer(source, decode);
  const { store } = explorer;
  const atlas = new Atlas(source);
  const undo: (() => void)[] = [];
  const redraws: (() => void)[] = [];
  const context: Context = {
    explorer,
    store,
    atlas,
    redraw: (act) => redraws.push(act),
    undo: (act) => undo.push(act),
  };
  const threshold = view === "threshold";
  const body = h(
    "div",
    { class: `ne-body ${threshold ? "ne-only-threshold" : ""}`, hidden: true },
    imageList(context),
    pictureView(context),
    ...(threshold ? [] : [shareBars(context), neuronPanel(context), neuronMap(context)]),
    thresholdView(context),
  );
  const cover = h("p.ne-cover", { role: "status" }, "Opening the explorer …");
  const inner = h("div.ne-inner", toolbar(context), cover, body);
  const sheet = h("style");
  const root = h(
    "section",
    // JupyterLab's shortcuts would take the arrow keys and letters from the views.
    { class: "ne", "aria-label": "Neuron explorer", "data-lm-suppress-shortcuts": "true" },
    sheet,
    inner,
  );
  inner.style.visibility = "hidden"; // nobody sees it undressed
  void unpacked(style).then((text) => {
    sheet.textContent = text;
    inner.style.visibility = "";
    draw();
  });
  const draw = (): void => redraws.forEach((act) => act());
  const theme = (): void => {
    root.dataset["theme"] = isDark() ? "dark" : "light";
    draw();
  };
  store.watch(["phase", "problem"], ({ phase, problem }) => {
    body.hidden = phase !== "ready";
    cover.hidden = phase === "ready";
    if (problem) cover.textContent = `The explorer could not be opened: ${problem}`;
    draw(); // what was hidden had no size
  });
  store.watch(["session"], ({ session }) => session && atlas.open(session));
  store.watch(["pending"], ({ pending }) => root.setAttribute("aria-busy", String(pending > 0)));
  let width = 0; // the height follows from what is shown, and nothing is drawn by it
  const resized = new ResizeObserver(() => {
    if (inner.clientWidth === width) return;
    width = inner.clientWidth;
    draw();
  });
  resized.observe(inner);
  undo.push(watchTheme(theme), () => resized.disconnect());
  el.append(root);
  theme();
  root.setAttribute("aria-busy", "true");
  void explorer.start();
  return () => {
    for (const act of undo) act();
    explorer.close();
    atlas.close();
    root.remove();
  };
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  return mount(el, new KernelSource(model), model.get("view"));
}

/** Show the explorer whose data lie in the page, inside `el` or anywhere. */
export function mountFile(el: HTMLElement): () => void {
  const part = (name: string): string => {
    const found = [el, document].map((place) => place.querySelector(`script[data-explorer="${name}"]`));
    return (found[0] ?? found[1])?.textContent ?? "";
  };
  try {
    return mount(el, new FileSource(part("headers"), part("bytes")));
  } catch (error) {
    el.append(h("p", { role: "alert" }, `This page's data cannot be read: ${(error as Error).message}`));
    return () => undefined;
  }
}

if (typeof document !== "undefined" && document.querySelector('script[data-explorer="headers"]')) {
  for (const el of document.querySelectorAll<HTMLElement>("[data-neuron-explorer]")) {
    if (!el.querySelector(".ne")) mountFile(el);
  }
}

export default { render };
