/** Putting linked views into an element: as an anywidget, or from a page that has everything in it. */

import { Atlas } from "./atlas.ts";
import { isDark, watchTheme } from "./colours.ts";
import type { Context } from "./context.ts";
import { h, unpacked } from "./dom.ts";
import { Explorer, type Wants } from "./explorer.ts";
import { FileSource } from "./file_source.ts";
import { KernelSource, type Model } from "./kernel_source.ts";
import type { Source } from "./source.ts";

/** One kind of linked views. */
export interface Kind {
  /** What the whole is called for those who do not see it. */
  readonly title: string;
  readonly wants: Wants;
  /** The bar and the body; `open` begins a side, from 0 on, with a state of its own. */
  views(open: (side?: number) => Context): [bar: HTMLElement, body: HTMLElement];
}

const decode = (bytes: Uint8Array): Promise<ImageBitmap | null> =>
  createImageBitmap(new Blob([bytes as BlobPart])).catch(() => null);

/** Put views into an element; returns how to take them away. */
function mount(el: HTMLElement, sourceOf: (side: number) => Source, kind: Kind, style: string): () => void {
  const opened: Context[] = [];
  const undo: (() => void)[] = [];
  const redraws: (() => void)[] = [];
  const draw = (): void => redraws.forEach((act) => act());
  const all = (test: (context: Context) => boolean): boolean => opened.every(test);
  const open = (side = 0): Context => {
    const source = sourceOf(side);
    const explorer = new Explorer(source, decode, kind.wants);
    const { store } = explorer;
    const atlas = new Atlas(source);
    store.watch(["phase", "problem"], ({ problem }) => {
      const ready = all((one) => one.store.get().phase === "ready");
      body.hidden = !ready;
      bar.hidden = !ready;
      cover.hidden = ready;
      if (problem) cover.textContent = `The ${kind.title} could not be opened: ${problem}`;
      draw(); // what was hidden had no size
    });
    store.watch(["session"], ({ session }) => session && atlas.open(session));
    store.watch(["pending"], () =>
      root.setAttribute("aria-busy", String(!all((one) => !one.store.get().pending))),
    );
    const context = {
      explorer,
      store,
      atlas,
      redraw: (act: () => void) => redraws.push(act),
      undo: (act: () => void) => undo.push(act),
    };
    undo.push(() => {
      explorer.close();
      atlas.close();
    });
    opened.push(context);
    return context;
  };
  const [bar, body] = kind.views(open);
  bar.hidden = body.hidden = true;
  const cover = h("p.ne-cover", { role: "status" }, `Opening the ${kind.title} …`);
  const inner = h("div.ne-inner", bar, cover, body);
  const sheet = h("style");
  const root = h(
    "section",
    // JupyterLab's shortcuts would take the arrow keys and letters from the views.
    { class: "ne", "aria-label": kind.title, "data-lm-suppress-shortcuts": "true" },
    sheet,
    inner,
  );
  inner.style.visibility = "hidden"; // nobody sees it undressed
  void unpacked(style).then((text) => {
    sheet.textContent = text;
    inner.style.visibility = "";
    draw();
  });
  const theme = (): void => {
    root.dataset["theme"] = isDark() ? "dark" : "light";
    draw();
  };
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
  for (const { explorer } of opened) void explorer.start();
  return () => {
    for (const act of undo) act();
    root.remove();
  };
}

/** What a module exports: `render` for anywidget, and the mounting of a page's own data. */
export function module(kindOf: (view: unknown) => Kind, style: string) {
  const render = ({ model, el }: { model: Model; el: HTMLElement }): (() => void) =>
    mount(el, (side) => new KernelSource(model, side), kindOf(model.get("view")), style);

  /** Show the views whose data lie in the page, inside `el` or anywhere. */
  const mountFile = (el: HTMLElement): (() => void) => {
    const part = (name: string): string => {
      const wanted = `script[data-explorer="${name}"]`;
      return (el.querySelector(wanted) ?? document.querySelector(wanted))?.textContent ?? "";
    };
    const source = (side: number): Source => new FileSource(part("headers"), part("bytes"), side);
    try {
      return mount(el, source, kindOf(el.dataset["neuronExplorer"]), style);
    } catch (error) {
      el.append(h("p", { role: "alert" }, `This page's data cannot be read: ${(error as Error).message}`));
      return () => undefined;
    }
  };
  if (typeof document !== "undefined" && document.querySelector('script[data-explorer="headers"]')) {
    for (const el of document.querySelectorAll<HTMLElement>("[data-neuron-explorer]")) {
      if (!el.querySelector(".ne")) mountFile(el);
    }
  }
  return { render, mountFile };
}
