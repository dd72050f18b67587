/** The source that has everything in its own page, and redoes detection by itself. */

import { argmax, fuse, judge, takingPart, unitRows } from "./detection.ts";
import { withShapes } from "./kernel_source.ts";
import { type ArraySpec, decodeParcel, fromBase64, type Parcel, WIDTHS } from "./parcel.ts";
import {
  type DetectAnswer,
  type FusionHeader,
  type ImageAnswer,
  type NeuronAnswer,
  type Open,
  type Source,
  Stale,
  type Subset,
} from "./source.ts";

interface StoredParcel {
  readonly key: string;
  readonly header?: object;
  readonly arrays: readonly (ArraySpec & { readonly offset: number })[];
}

const SLICE = 12; // milliseconds of work before the page gets its turn

const PRODUCTS = 4e6; // multiplications between two looks at the clock

const NOT_THERE = "This is not in the file.";

type Rest = () => Promise<void>;

export class FileSource implements Source {
  readonly kind = "file";
  readonly #stored = new Map<string, StoredParcel>();
  readonly #bytes: Uint8Array;
  readonly #latest: Record<string, number> = { image: 0, neuron: 0, detect: 0 };
  #opened: Open | undefined;
  #shown: Promise<unknown> = Promise.resolve();
  #galleries = new Map<string, Float32Array>();

  /** `side` says which of several runs is meant; the keys of others than the first begin with it. */
  constructor(headers: string, base64: string, side = 0) {
    const parsed = JSON.parse(headers) as { parcels: readonly StoredParcel[] };
    const start = side ? `${side}:` : "";
    for (const parcel of parsed.parcels) {
      if (parcel.key.startsWith(start)) this.#stored.set(parcel.key.slice(start.length), parcel);
    }
    this.#bytes = fromBase64(base64);
  }

  async open(): Promise<Open> {
    this.#opened ??= this.#parcel("open", "the file is not whole.") as Open;
    return this.#opened;
  }

  async image(index: number, subset: Subset): Promise<ImageAnswer> {
    const found = this.#turn("image").then((rest) => this.#image(index, subset, rest));
    this.#shown = found.catch(() => undefined);
    return found;
  }

  async neuron(
    site: string,
    index: number,
    _more: (answer: NeuronAnswer) => void,
  ): Promise<NeuronAnswer> {
    await this.#turn("neuron");
    const missing = "Only neurons that the run selected are in this file.";
    return this.#parcel(`neuron:${site}:${index}`, missing) as NeuronAnswer;
  }

  /** Detection of all images that are in the file, the others are NaN. */
  async detect(subset: Subset): Promise<DetectAnswer> {
    const rest = await this.#turn("detect");
    if (subset.mode === "point") {
      return this.#parcel(`point:${subset.positions.join(":")}`, NOT_THERE) as DetectAnswer;
    }
    const { header, arrays } = await this.open();
    const { threshold, display_range, images, selected, grid } = header;
    const places = takingPart(subset, selected.length);
    if (places.length === selected.length) return { header: { threshold, display_range }, arrays };
    const scores = new Float32Array(images.length).fill(NaN);
    const peaks = new Int32Array(2 * images.length);
    for (let index = 0; index < images.length; index++) {
      if (!this.#stored.has(`image:${index}`)) continue;
      await this.#shown; // the picture on screen comes first
      const whole = this.#parcel(`image:${index}`, "") as ImageAnswer;
      const fused = (await this.#restricted(whole, places, rest)).arrays["fused"] as Float32Array;
      const peak = argmax(fused);
      scores[index] = fused[peak];
      peaks.set([Math.floor(peak / grid[1]), peak % grid[1]], 2 * index);
    }
    const note = "Scales and threshold are still those of all neurons.";
    return { header: { threshold: null, display_range, note }, arrays: { scores, peaks } };
  }

  async thumbs(part: number): Promise<Uint8Array> {
    return this.#parcel(`thumbs:${part}`, "No thumbnails here.").arrays[
      "thumbs"
    ] as Uint8Array;
  }

  async extra<Header>(what: string): Promise<Parcel<Header>> {
    return this.#parcel(what, NOT_THERE) as Parcel<Header>;
  }

  chosen(): void {} // nobody listens

  listen(): void {} // nobody speaks

  close(): void {
    for (const kind of Object.keys(this.#latest)) this.#latest[kind]++;
  }

  /**
   * Wait for the page to have had its turn; returns how to do so again whenever a slice of time is
   * used up. Throws `Stale` once a newer question of the kind has been asked.
   */
  async #turn(kind: string): Promise<Rest> {
    const turn = ++this.#latest[kind];
    let until = 0;
    const rest = async (): Promise<void> => {
      if (performance.now() < until) return;
      await new Promise((resolve) => setTimeout(resolve));
      if (turn !== this.#latest[kind]) throw new Stale();
      until = performance.now() + SLICE;
    };
    await rest();
    return rest;
  }

  async #image(index: number, subset: Subset, rest: Rest): Promise<ImageAnswer> {
    const { header } = await this.open();
    const missing = header.selection ?? "This picture is not in the file.";
    const whole = this.#parcel(`image:${index}`, missing) as ImageAnswer;
    if (subset.mode === "point") {
      const { picture, mask } = whole.arrays;
      return { header: whole.header, arrays: { picture, mask } };
    }
    const places = takingPart(subset, header.selected.length);
    if (places.length < header.selected.length) return this.#restricted(whole, places, rest);
    const { nearest, nearest_at: at } = whole.arrays;
    if (nearest || !at || !this.#stored.has("gallery")) return whole;
    const [rows, columns] = header.grid;
    const rowOf = (p: number): number => (at[3 * p] * rows + at[3 * p + 1]) * columns + at[3 * p + 2];
    const found = Int32Array.from({ length: rows * columns }, (_, p) => rowOf(p));
    return { header: whole.header, arrays: { ...whole.arrays, nearest: this.#galleryRows(found) } };
  }

  /** An image judged again by some of the neurons, a few patches at a time. */
  async #restricted(whole: ImageAnswer, places: number[], rest: Rest): Promise<ImageAnswer> {
    const { header } = this.#opened as Open;
    const columns = header.selected.length;
    const features = whole.arrays["features"] as Float32Array;
    const fusion: FusionHeader = header.fusion ?? { weight: header.text_weight, visual: [0, 1] };
    const gallery = this.#unitGallery(places);
    const visual = new Float32Array(features.length / columns);
    const nearest = new Int32Array(visual.length);
    const step = Math.ceil(PRODUCTS / gallery.length);
    for (let p = 0; p < visual.length; p += step) {
      await rest();
      const some = features.subarray(p * columns, (p + step) * columns);
      const found = judge(some, columns, places, gallery);
      visual.set(found.visual, p);
      nearest.set(found.nearest, p);
    }
    const at = new Int32Array(3 * nearest.length);
    const [gridRows, gridColumns] = header.grid;
    nearest.forEach((row, p) => {
      const line = Math.floor(row / gridColumns);
      at.set([Math.floor(line / gridRows), line % gridRows, row % gridColumns], 3 * p);
    });
    return {
      header: whole.header,
      arrays: {
        ...whole.arrays,
        visual,
        fused: fuse(fusion, visual, whole.arrays["text"] as Float32Array | undefined),
        nearest: this.#galleryRows(nearest),
        nearest_at: at,
      },
    };
  }

  /** The activations of some gallery patches, one row each. */
  #galleryRows(found: Int32Array): Float32Array {
    const plain = this.#gallery();
    const columns = (this.#opened as Open).header.selected.length;
    const rows = new Float32Array(found.length * columns);
    found.forEach((row, p) => {
      rows.set(plain.subarray(row * columns, (row + 1) * columns), p * columns);
    });
    return rows;
  }

  #gallery(): Float32Array {
    return this.#parcel("gallery", "This file has no gallery.")
      .arrays["gallery"] as Float32Array;
  }

  #unitGallery(places: readonly number[]): Float32Array {
    const key = places.join();
    let unit = this.#galleries.get(key);
    if (!unit) {
      unit = unitRows(this.#gallery(), (this.#opened as Open).header.selected.length, places);
      this.#galleries.clear(); // one subset at a time is looked at
      this.#galleries.set(key, unit);
    }
    return unit;
  }

  readonly #decoded = new Map<string, Parcel<object>>();

  #parcel(key: string, missing: string): Parcel<object> {
    const kept = this.#decoded.get(key);
    if (kept) return kept;
    const stored = this.#stored.get(key);
    if (!stored) throw new Error(missing);
    const views = stored.arrays.map(({ dtype, shape, offset }) => {
      const count = shape.reduce((product, length) => product * length, 1);
      return this.#bytes.subarray(offset, offset + count * (WIDTHS[dtype] ?? 0));
    });
    const header = withShapes(stored.header ?? {}, stored.arrays);
    const parcel: Parcel<object> = decodeParcel(header, stored.arrays, views);
    this.#decoded.set(key, parcel);
    return parcel;
  }
}
