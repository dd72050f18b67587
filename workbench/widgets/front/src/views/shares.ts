/** What each neuron adds to the visual score of the patch that is looked at. */

import { sharesAt, takingPart } from "../detection.ts";
import { aria, foot, h, on, panel, percent, short, write } from "../dom.ts";
import type { Context } from "../context.ts";
import type { State } from "../state.ts";

const MOST = 12;

interface Bar {
  readonly root: HTMLButtonElement;
  readonly name: HTMLElement;
  readonly term: HTMLElement;
  readonly fill: HTMLElement;
  readonly value: HTMLElement;
  neuron: number;
}

/** The shares of a state's patch by place among the selected neurons, where they can be had. */
export function patchShares(state: State): Float32Array | undefined {
  const { session, picture, hover, patch } = state;
  const at = hover ?? patch;
  if (!session || !picture || at === null) return undefined;
  const { features, nearest, shares } = picture.answer.arrays;
  const count = session.selected.length;
  if (shares) return Float32Array.from(shares.subarray(at * count, (at + 1) * count));
  if (!features || !nearest) return undefined;
  const places = takingPart(picture.subset, count);
  return sharesAt(features as Float32Array, nearest as Float32Array, count, places, at);
}

export function shareBars({ explorer, store }: Context): HTMLElement {
  const { root } = panel("shares", "Patch");
  const where = foot();
  const list = h("ol.ne-bars", { "aria-label": "Neurons by share of the visual score" });
  const rest = foot();
  const nearest = foot();
  root.append(where, list, rest, nearest);
  const bars: Bar[] = [];

  function newBar(): Bar {
    const name = h("b");
    const term = h("span.ne-term");
    const fill = h("i");
    const value = h("span.ne-value");
    const made = h("button", { type: "button", class: "ne-bar-row" }, name, term, value, h("span.ne-meter", fill));
    const bar: Bar = { root: made, name, term, fill, value, neuron: -1 };
    on(made, "click", (event) => {
      if (event.shiftKey || event.ctrlKey || event.metaKey) explorer.toggle(bar.neuron);
      else explorer.chooseNeuron(bar.neuron);
    });
    list.append(h("li", made));
    return bar;
  }

  function draw(state: State): void {
    const { session, picture, patch, hover, neuron, chosen } = state;
    const at = hover ?? patch;
    const shares = patchShares(state);
    if (!session || !picture || at === null) {
      write(where, session?.count ? "Point at a patch." : "");
    } else {
      const [row, column] = session.patchAt(at);
      const visual = picture.answer.arrays["visual"]?.[at] ?? NaN;
      const fused = picture.answer.arrays["fused"]?.[at] ?? NaN;
      write(where, `Row ${row}, column ${column} · score ${short(fused)} · visual ${short(visual)}`);
    }
    let total = 0;
    shares?.forEach((share) => {
      total += share;
    });
    const taking = shares && picture ? takingPart(picture.subset, shares.length) : [];
    const order = shares
      ? taking.sort((a, b) => shares[b] - shares[a] || a - b).slice(0, MOST)
      : [];
    while (bars.length < order.length) bars.push(newBar());
    let shown = 0;
    bars.forEach((bar, rank) => {
      const place = order[rank];
      const item = bar.root.parentElement as HTMLElement;
      item.hidden = place === undefined;
      if (place === undefined || !session || !shares) return;
      bar.neuron = session.selected[place];
      const share = shares[place] / total || 0;
      shown += share;
      const term = session.term(bar.neuron) ?? "";
      write(bar.name, session.where(bar.neuron).index);
      write(bar.term, term);
      write(bar.value, percent(share));
      bar.fill.style.width = `${(100 * shares[place]) / (shares[order[0]] || 1)}%`;
      aria(bar.root, "pressed", bar.neuron === neuron);
      bar.root.classList.toggle("ne-in-set", chosen.includes(bar.neuron));
      bar.root.title = `${session.name(bar.neuron)}${term ? ` “${term}”` : ""}: ${percent(share)}. Shift and click adds it to the chosen.`;
    });
    if (!session || !picture || at === null) write(rest, "");
    else if (!session.selected.length) write(rest, "The run has selected no neuron.");
    else if (!shares) write(rest, "The shares are not known.");
    else {
      const others = taking.length - order.length;
      write(rest, others > 0 ? `the other ${others}: ${percent(Math.max(0, 1 - shown))}` : "");
    }
    const near = at === null ? undefined : picture?.answer.arrays["nearest_at"];
    write(
      nearest,
      near && at !== null && session
        ? `nearest normal patch: ${session.header.support[near[3 * at]] ?? "?"}, row ${near[3 * at + 1]}, column ${near[3 * at + 2]}`
        : "",
    );
    nearest.title = nearest.textContent;
  }

  store.watch(["session", "picture", "patch", "hover", "neuron", "chosen"], draw);
  return root;
}
