/** All images, sorted; only the rows in sight exist. */

import { extent } from "../curves.ts";
import { aria, foot, h, on, panel, short, uniqueId, write } from "../dom.ts";
import { byMistake, byName, byValue, isMistake, type Sort } from "../order.ts";
import type { Context } from "../context.ts";
import type { State } from "../state.ts";

const ROW = 52;
const THUMB = 40;
const SPARE = 4; // rows beyond either edge
const SORTS: readonly [Sort, string][] = [
  ["score", "Score"],
  ["mistake", "Mistake"],
  ["neuron", "Where the neuron fires"],
  ["name", "Name"],
];

interface Row {
  readonly root: HTMLElement;
  readonly thumb: HTMLElement;
  readonly name: HTMLElement;
  readonly defect: HTMLElement;
  readonly fill: HTMLElement;
  readonly value: HTMLElement;
  readonly tag: HTMLElement;
  image: number;
}

export function imageList({ explorer, store, atlas, redraw }: Context): HTMLElement {
  const { root, head } = panel("list", "Images");
  const select = h("select", { "aria-label": "Sort images by" });
  for (const [value, text] of SORTS) {
    if (value !== "neuron" || explorer.wants.neurons) select.append(h("option", { value }, text));
  }
  head.append(select);
  const spacer = h("div.ne-spacer", { role: "presentation" });
  const list = h("div.ne-scroll", { role: "listbox", tabindex: 0, "aria-label": "Images" },
    spacer,
  );
  const below = foot();
  root.append(list, below);
  const prefix = uniqueId();
  const rows: Row[] = [];
  let order: number[] = [];
  let places = new Int32Array(0);
  let span: [number, number] = [0, 1];
  let fires: Float32Array | undefined;

  on(select, "change", () => {
    store.set({ sort: select.value as Sort });
    list.scrollTop = 0;
  });
  on(list, "scroll", () => draw());
  on(list, "click", (event) => {
    const row = rows.find((one) => one.root.contains(event.target as Node));
    if (row && row.image >= 0) explorer.chooseImage(row.image);
  });
  on(list, "keydown", (event) => {
    const { image } = store.get();
    const at = image === null ? -1 : places[image];
    const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: order.length - 1,
    };
    const next = steps[event.key];
    if (next === undefined || !order.length) return;
    event.preventDefault();
    explorer.chooseImage(order[Math.min(order.length - 1, Math.max(0, next))]);
  });

  function arrange(state: State): void {
    const { session, judged, threshold, sort } = state;
    if (!session || !judged) return;
    fires = sort === "neuron" ? explorer.fires() : undefined;
    const { scores } = judged;
    if (sort === "name") order = byName(session.header.images.map((image) => image.name));
    else if (sort === "mistake") order = byMistake(scores, session.labels, threshold);
    else order = byValue(fires ?? scores);
    places = new Int32Array(order.length);
    order.forEach((image, place) => {
      places[image] = place;
    });
    span = extent(fires ?? scores);
    spacer.style.height = `${order.length * ROW}px`;
  }

  function reveal(): void {
    const { image } = store.get();
    if (image === null) return;
    const top = places[image] * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight) {
      list.scrollTop = top + ROW - list.clientHeight;
    }
  }

  function draw(): void {
    const state = store.get();
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
    const last = Math.min(
      order.length,
      Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE,
    );
    while (rows.length < last - first) rows.push(newRow());
    rows.forEach((row, at) => fillRow(row, first + at < last ? first + at : -1, state));
    const active = state.image === null ? -1 : places[state.image];
    if (active >= first && active < last) aria(list, "activedescendant", `${prefix}-${state.image}`);
    else list.removeAttribute("aria-activedescendant");
  }

  function newRow(): Row {
    const thumb = h("span.ne-thumb");
    const name = h("span.ne-name");
    const defect = h("span.ne-defect");
    const fill = h("i");
    const value = h("span.ne-value");
    const tag = h("span.ne-tag");
    const made = h("div.ne-row", { role: "option" },
      thumb,
      h("span.ne-words", name, defect),
      h("span.ne-figures", value, h("span.ne-meter", fill), tag),
    );
    spacer.append(made);
    return { root: made, thumb, name, defect, fill, value, tag, image: -1 };
  }

  function fillRow(row: Row, place: number, state: State): void {
    const { session, judged, threshold } = state;
    const gone = place < 0 || !session || !judged;
    row.root.hidden = gone;
    row.image = gone ? -1 : order[place];
    if (gone) return;
    const { image } = row;
    const entry = session.header.images[image];
    const score = judged.scores[image];
    const shown = fires ? fires[image] : score;
    const wrong = isMistake(score, entry.label, threshold);
    const said = entry.label === null ? "unlabelled" : entry.label ? entry.defect || "defect" : "normal";
    row.root.id = `${prefix}-${image}`;
    row.root.style.transform = `translateY(${place * ROW}px)`;
    aria(row.root, "selected", image === state.image);
    aria(row.root, "setsize", order.length);
    aria(row.root, "posinset", place + 1);
    row.root.dataset["label"] = String(entry.label);
    write(row.name, entry.name.replace(/^.*[\\/](?=.)/, ""));
    row.root.title = `${entry.name} (${said})`;
    write(row.defect, said);
    write(row.value, Number.isNaN(shown) ? "not in this file" : short(shown, 4));
    row.fill.style.width = `${(100 * (shown - span[0])) / (span[1] - span[0]) || 0}%`;
    write(row.tag, wrong ? (entry.label ? "missed" : "false alarm") : "");
    row.root.classList.toggle("ne-above", score >= threshold);
    atlas.paint(row.thumb, image, THUMB);
  }

  function summary({ session, judged, threshold }: State): void {
    if (!session || !judged) return;
    if (!session.count) {
      write(below, "There are no images.");
      return;
    }
    let [above, mistakes] = [0, 0];
    for (let image = 0; image < session.count; image++) {
      above += Number(judged.scores[image] >= threshold);
      mistakes += Number(isMistake(judged.scores[image], session.labels[image], threshold));
    }
    const known = session.labels.some((label) => label !== null);
    write(
      below,
      `${session.count} images, ${above} at or above the threshold` +
      (known ? `, ${mistakes} ${mistakes === 1 ? "mistake" : "mistakes"}` : ", no labels"),
    );
  }

  // The order of thousands of images is only made anew where what it depends on has changed.
  let basis: readonly unknown[] = [];
  store.watch(["session", "judged", "threshold", "sort", "neuron", "card"], (state) => {
    const { session, judged, sort, threshold, neuron, card } = state;
    const byNeuron = sort === "neuron" && [neuron, card];
    const now = [session, judged, sort, sort === "mistake" && threshold, ...(byNeuron || [])];
    const changed = now.length !== basis.length || now.some((value, at) => value !== basis[at]);
    basis = now;
    if (changed) {
      select.value = sort;
      arrange(state);
      reveal();
    }
    summary(state);
    draw();
  });
  const follow = (): void => {
    reveal();
    draw();
  };
  store.watch(["image"], follow);
  atlas.watch(draw);
  redraw(follow); // what is hidden cannot be scrolled
  new ResizeObserver(draw).observe(list); // it is as high as what stands beside it
  return root;
}
