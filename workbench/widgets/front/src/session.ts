/** What was opened, with the questions that views ask of it. */

import type { Judgement } from "./state.ts";
import type { Numbers } from "./parcel.ts";
import type { Label, Open, OpenHeader } from "./source.ts";

/** One explorer's data. Neurons are flat numbers: all sites one after the other. */
export class Session {
  readonly header: OpenHeader;
  readonly scores: Float32Array;
  readonly sensitivity: Float32Array;
  readonly labels: readonly Label[];
  readonly count: number;
  /** Flat numbers of the selected neurons, most sensitive first. */
  readonly selected: readonly number[];
  readonly #open: Open;
  readonly #starts: readonly number[];
  readonly #places = new Map<number, number>();

  constructor(open: Open) {
    this.#open = open;
    this.header = open.header;
    if (open.header.schema !== 1) {
      throw new Error(
        `its data are of version ${open.header.schema}, and this front end reads version 1.`,
      );
    }
    this.count = open.header.images.length;
    this.labels = open.header.images.map((image) => image.label);
    this.scores = floats(open.arrays["scores"], this.count);
    let start = 0;
    this.#starts = open.header.sites.map((site) => {
      start += site.neurons;
      return start - site.neurons;
    });
    this.sensitivity = floats(open.arrays["sensitivity"], start);
    const own = open.header.sites.findIndex((site) => site.site === open.header.site);
    this.selected = own < 0 ? [] : open.header.selected.map((index) => this.#starts[own] + index);
    this.selected.forEach((neuron, place) => this.#places.set(neuron, place));
  }

  /** The site and index of a flat number. */
  where(neuron: number): { site: string; index: number; column: number } {
    let column = this.#starts.length - 1;
    while (column > 0 && this.#starts[column] > neuron) column--;
    return { site: this.header.sites[column].site, index: neuron - this.#starts[column], column };
  }

  name(neuron: number): string {
    const { site, index } = this.where(neuron);
    return `${site}:${index}`;
  }

  /** The flat number of `site:index`, or -1. */
  find(name: string): number {
    const cut = name.lastIndexOf(":");
    const column = this.header.sites.findIndex((site) => site.site === name.slice(0, cut));
    const index = Number(name.slice(cut + 1));
    const there = column >= 0 && Number.isInteger(index) && index >= 0;
    return there && index < this.header.sites[column].neurons ? this.#starts[column] + index : -1;
  }

  term(neuron: number): string | undefined {
    return this.header.labels[this.name(neuron)];
  }

  /** The range of flat numbers of a site. */
  site(column: number): [from: number, to: number] {
    return [this.#starts[column], this.#starts[column] + this.header.sites[column].neurons];
  }

  /** The place of a neuron among the selected ones, or -1. */
  place(neuron: number | null): number {
    return neuron === null ? -1 : (this.#places.get(neuron) ?? -1);
  }

  /** What Python calls a patch, from its number. */
  patchAt(patch: number): [row: number, column: number] {
    const columns = this.header.grid[1];
    return [Math.floor(patch / columns), patch % columns];
  }

  patchNumber(row: number, column: number): number {
    const [rows, columns] = this.header.grid;
    return row >= 0 && row < rows && column >= 0 && column < columns ? row * columns + column : -1;
  }

  /** The largest activations of a selected neuron, one per image. */
  maxima(place: number): Float32Array | undefined {
    const all = this.#open.arrays["maxima"];
    const width = this.selected.length;
    if (!all || place < 0) return undefined;
    return Float32Array.from({ length: this.count }, (_, image) => all[image * width + place]);
  }

  /** The activations of a selected neuron at all patches of a picture. */
  activations(features: Numbers | undefined, place: number): Float32Array | undefined {
    const width = this.selected.length;
    if (!features || place < 0) return undefined;
    return Float32Array.from({ length: features.length / width }, (_, p) => features[p * width + place]);
  }

  /** The range of a selected neuron over all images. */
  range(place: number): [number, number] | undefined {
    const [low, high] = [this.#open.arrays["minima"], this.#open.arrays["maxima"]];
    const width = this.selected.length;
    if (!low || !high || place < 0) return undefined;
    let [least, most] = [Infinity, -Infinity];
    for (let image = 0; image < this.count; image++) {
      least = Math.min(least, low[image * width + place]);
      most = Math.max(most, high[image * width + place]);
    }
    return [least, most];
  }

  get thumbs(): Uint8Array | undefined {
    return this.#open.arrays["thumbs"] as Uint8Array | undefined;
  }

  /** The judgement of all selected neurons together. */
  whole(): Judgement {
    const { arrays, header } = this.#open;
    return {
      scores: this.scores,
      peaks: arrays["peaks"] as Int32Array | undefined,
      range: header.display_range,
      threshold: header.threshold ?? header.display_range.fused[1],
    };
  }
}

function floats(array: unknown, length: number): Float32Array {
  if (array instanceof Float32Array && array.length === length) return array;
  throw new Error("its data and their description do not fit.");
}
