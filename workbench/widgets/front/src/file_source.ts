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

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

export class FileSource implements Source {
  readonly kind = "file";
  readonly #stored = new Map<string, StoredParcel>();
  readonly #bytes: Uint8Array;
  readonly #latest: Record<string, number> = { image: 0, neuron: 0, detect: 0 };
  #opened: Open | undefined;
  #galleries = new Map<string, Float32Array>();

  constructor(headers: string, base64: string) {
    const parsed = JSON.parse(headers) as { parcels: readonly StoredParcel[] };
    for (const parcel of parsed.parcels) this.#stored.set(parcel.key, parcel);
    this.#bytes = fromBase64(base64);
  }

  async open(): Promise<Open> {
    this.#opened ??= this.#parcel("open", "this file has lost its beginning.") as Open;
    return this.#opened;
  }

  async image(index: number, subset: Subset): Promise<ImageAnswer> {
    const turn = ++this.#latest["image"];
    await pause();
    if (turn !== this.#latest["image"]) throw new Stale();
    const { header } = await this.open();
    const whole = this.#parcel(
      `image:${index}`,
      header.selection ?? "This picture is not in the file.",
    ) as ImageAnswer;
    const places = takingPart(subset, header.selected.length);
    if (places.length < header.selected.length) return this.#restricted(whole, places);
    const { nearest, nearest_at: at } = whole.arrays;
    if (nearest || !at || !this.#stored.has("gallery")) return whole;
    const [rows, columns] = header.grid;
    const rowOf = (p: number): number => (at[3 * p] * rows + at[3 * p + 1]) * columns + at[3 * p + 2];
    const found = Int32Array.from({ length: rows * columns }, (_, p) => rowOf(p));
    return { header: whole.header, arrays: { ...whole.arrays, nearest: this.#galleryRows(found) } };
  }

  async neuron(
    site: string,
    index: number,
    _more: (answer: NeuronAnswer) => void,
  ): Promise<NeuronAnswer> {
    const turn = ++this.#latest["neuron"];
    await pause();
    if (turn !== this.#latest["neuron"]) throw new Stale();
    return this.#parcel(
      `neuron:${site}:${index}`,
      "Only the neurons that the run selected are in this file.",
    ) as NeuronAnswer;
  }

  /** Detection of all images that are in the file, in slices; the others are NaN. */
  async detect(subset: Subset): Promise<DetectAnswer> {
    const turn = ++this.#latest["detect"];
    const { header, arrays } = await this.open();
    const count = header.images.length;
    const places = takingPart(subset, header.selected.length);
    if (places.length === header.selected.length) {
      return {
        header: { threshold: header.threshold, display_range: header.display_range },
        arrays: { scores: arrays["scores"], visual: arrays["visual"], peaks: arrays["peaks"] },
      };
    }
    const scores = new Float32Array(count).fill(NaN);
    const visual = new Float32Array(count).fill(NaN);
    const peaks = new Int32Array(2 * count);
    let until = 0; // the picture on screen, which is asked for at the same time, comes first
    for (let index = 0; index < count; index++) {
      if (!this.#stored.has(`image:${index}`)) continue;
      if (performance.now() >= until) {
        await pause();
        if (turn !== this.#latest["detect"]) throw new Stale();
        until = performance.now() + SLICE;
      }
      const whole = this.#parcel(`image:${index}`, "") as ImageAnswer;
      const found = this.#restricted(whole, places).arrays;
      const fused = found["fused"] as Float32Array;
      const peak = argmax(fused);
      scores[index] = fused[peak];
      visual[index] = (found["visual"] as Float32Array)[peak];
      peaks[2 * index] = Math.floor(peak / header.grid[1]);
      peaks[2 * index + 1] = peak % header.grid[1];
    }
    return {
      header: {
        threshold: null,
        display_range: header.display_range,
        note: "Scales and threshold are still those of all neurons.",
      },
      arrays: { scores, visual, peaks },
    };
  }

  async thumbs(part: number): Promise<Uint8Array> {
    return this.#parcel(`thumbs:${part}`, "The thumbnails are not in this file.").arrays[
      "thumbs"
    ] as Uint8Array;
  }

  chosen(): void {} // nobody listens

  listen(): void {} // nobody speaks

  close(): void {
    for (const kind of Object.keys(this.#latest)) this.#latest[kind]++;
  }

  /** An image judged again by some of the neurons. */
  #restricted(whole: ImageAnswer, places: readonly number[]): ImageAnswer {
    const { header } = this.#opened as Open;
    const columns = header.selected.length;
    const features = whole.arrays["features"] as Float32Array;
    const fusion: FusionHeader = header.fusion ?? { weight: header.text_weight, visual: [0, 1] };
    const { visual, nearest } = judge(features, columns, places, this.#unitGallery(places));
    const at = new Int32Array(3 * nearest.length);
    const [gridRows, gridColumns] = header.grid;
    nearest.forEach((row, p) => {
      const patch = row % (gridRows * gridColumns);
      at[3 * p] = Math.floor(row / (gridRows * gridColumns));
      at[3 * p + 1] = Math.floor(patch / gridColumns);
      at[3 * p + 2] = patch % gridColumns;
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
    return this.#parcel("gallery", "This file has no gallery, so detection cannot be redone.")
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
