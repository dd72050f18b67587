/** Invented data with the shape of an explorer's: everything follows from a seed. */

import { argmax, judge, takingPart, unitRows } from "../src/detection.ts";
import type { ArraySpec, Numbers } from "../src/parcel.ts";
import type { Subset } from "../src/source.ts";

export interface Size {
  readonly images: number;
  readonly grid: number;
  readonly sites: number;
  readonly neurons: number;
  readonly selected: number;
  readonly support: number;
}

export const SMALL: Size = { images: 50, grid: 16, sites: 6, neurons: 192, selected: 100, support: 2 };
export const BIG: Size = { images: 2000, grid: 8, sites: 12, neurons: 3072, selected: 100, support: 2 };
export const HOSTILE = `<img src=x onerror="window.hit=1"> & "quotes' </script> a very long name of a picture.png`;

export interface Parcel {
  readonly header: Record<string, unknown>;
  readonly arrays: Record<string, Numbers | Half>;
  readonly shapes?: Record<string, number[]>;
}

/** Numbers that travel as float16. */
export class Half {
  readonly values: Float32Array;
  constructor(values: Float32Array) {
    this.values = values;
  }
}

/** The bits of the nearest float16 (ties to even), for numbers of ordinary size. */
export function toFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | even(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  const bits = even((size / 2 ** exponent) * 1024);
  return sign | ((exponent + 14) * 1024 + bits); // a carry goes into the exponent, as it should
}

function even(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2) ? low + 1 : low;
}

/** Specs and bytes of a parcel, as they travel. */
export function encode(parcel: Parcel): { specs: ArraySpec[]; bytes: Uint8Array[] } {
  const specs: ArraySpec[] = [];
  const bytes: Uint8Array[] = [];
  for (const [name, array] of Object.entries(parcel.arrays)) {
    const half = array instanceof Half;
    const values = half ? Uint16Array.from(array.values, toFloat16) : array;
    const dtype = half ? "float16" : values.constructor.name.replace("Array", "").toLowerCase();
    specs.push({ name, dtype, shape: parcel.shapes?.[name] ?? [values.length] });
    bytes.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return { specs, bytes };
}

export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const normal = (draw: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());

export type Paint = (image: number, side: number) => Promise<Uint8Array>;

export class World {
  readonly size: Size;
  readonly gallery: Float32Array;
  readonly selected: number[];
  private readonly pictures: Paint;
  private readonly strip: (images: number[], side: number) => Promise<Uint8Array>;

  constructor(
    size: Size,
    pictures: Paint,
    strip: (images: number[], side: number) => Promise<Uint8Array>,
  ) {
    this.size = size;
    this.pictures = pictures;
    this.strip = strip;
    const draw = random(1);
    const rows = size.support * size.grid ** 2;
    this.gallery = Float32Array.from({ length: rows * size.selected }, () => rounded(normal(draw) + 2));
    this.selected = Array.from({ length: size.selected }, (_, place) => (place * 7) % size.neurons);
  }

  isDefect(image: number): boolean {
    return image % 3 === 0;
  }

  /** Where the defect of a picture is, in units of its side. */
  blob(image: number): { x: number; y: number; r: number } {
    const draw = random(100 + image);
    return { x: 0.2 + 0.6 * draw(), y: 0.2 + 0.6 * draw(), r: 0.08 + 0.1 * draw() };
  }

  features(image: number): Float32Array {
    const { grid, selected } = this.size;
    const draw = random(1000 + image);
    const { x, y, r } = this.blob(image);
    const features = new Float32Array(grid * grid * selected);
    const rows = this.gallery.length / selected;
    const strength = 0.4 + 1.2 * draw();
    for (let p = 0; p < grid * grid; p++) {
      const like = Math.floor(draw() * rows);
      const far = Math.hypot(((p % grid) + 0.5) / grid - x, (Math.floor(p / grid) + 0.5) / grid - y);
      const odd = this.isDefect(image) && far < r ? strength : 0;
      for (let d = 0; d < selected; d++) {
        const shift = odd && d % 9 === image % 9 ? odd * 4 : 0;
        features[p * selected + d] = rounded(this.gallery[like * selected + d] + 0.35 * (draw() - 0.5) + shift);
      }
    }
    return features;
  }

  judged(image: number, subset?: Subset) {
    const places = takingPart(subset ?? { mode: "all", positions: [] }, this.size.selected);
    const unit = unitRows(this.gallery, this.size.selected, places);
    const features = this.features(image);
    return { features, ...judge(features, this.size.selected, places, unit) };
  }

  async open(hostile = true): Promise<Parcel> {
    const { images, grid, sites, neurons, selected, support } = this.size;
    const scores = new Float32Array(images);
    const peaks = new Int32Array(2 * images);
    const maxima = new Float32Array(images * selected).fill(-1e4);
    const minima = new Float32Array(images * selected).fill(1e4);
    for (let image = 0; image < images; image++) {
      const { visual, features } = this.judged(image);
      const peak = argmax(visual);
      scores[image] = visual[peak];
      peaks.set([Math.floor(peak / grid), peak % grid], 2 * image);
      for (let i = 0; i < features.length; i++) {
        const at = image * selected + (i % selected);
        maxima[at] = Math.max(maxima[at], features[i]);
        minima[at] = Math.min(minima[at], features[i]);
      }
    }
    const draw = random(2);
    const sensitivity = Float32Array.from({ length: sites * neurons }, (_, i) =>
      i % 997 === 5 ? 0 : 10 ** (normal(draw) * 0.7 + Math.floor(i / neurons) * 0.25 - 3),
    );
    const own = Math.floor(sites / 2);
    const ranked = this.selected
      .map((index) => ({ index, value: sensitivity[own * neurons + index] }))
      .sort((a, b) => b.value - a.value);
    ranked.forEach(({ index }, place) => {
      sensitivity[own * neurons + index] = 10 ** (0.4 - place / 120);
      this.selected[place] = index;
    });
    const high = Math.max(...scores.filter((_, image) => !this.isDefect(image)));
    const site = (at: number): string => `blocks.${at}.hook_resid_post`;
    const labels: Record<string, string> = { [`${site(own)}:${this.selected[0]}`]: "a scratch on metal" };
    if (hostile) labels[`${site(own)}:${this.selected[1]}`] = HOSTILE;
    return {
      header: {
        schema: 1,
        title: hostile ? `Invented <b>tiles</b>` : "Invented tiles",
        category: "tile",
        model: "a model with a rather long name/ViT-B-16",
        site: site(own),
        grid: [grid, grid],
        threshold: high * 1.02,
        display_range: { fused: [0, 2 * high], visual: [0, 2 * high] },
        text_weight: 0,
        fusion: { weight: 0, visual: [0, 1] },
        support: Array.from({ length: support }, (_, i) => `normal/${i}.png`),
        images: Array.from({ length: images }, (_, image) => ({
          name: hostile && image === 3 ? HOSTILE : `test/${this.isDefect(image) ? "scratch" : "good"}/${image}.png`,
          defect: this.isDefect(image) ? "scratch" : null,
          label: this.isDefect(image) ? 1 : 0,
          width: 512,
          height: 512,
        })),
        sites: Array.from({ length: sites }, (_, at) => ({ site: site(at), layer: at, neurons })),
        selected: this.selected,
        labels,
        thumb: { side: 48, columns: 20 },
        live: true,
      },
      arrays: {
        scores,
        visual: scores,
        peaks,
        sensitivity,
        maxima: new Half(maxima),
        minima: new Half(minima),
        ...(images <= 400
          ? { thumbs: await this.strip(Array.from({ length: images }, (_, image) => image), 48) }
          : {}),
      },
      shapes: { maxima: [images, selected], minima: [images, selected] },
    };
  }

  async image(index: number, subset?: Subset, inFile = false): Promise<Parcel> {
    const { grid, selected } = this.size;
    const { features, visual, nearest } = this.judged(index, subset);
    const rows = new Float32Array(nearest.length * selected);
    const at = new Int32Array(3 * nearest.length);
    nearest.forEach((row, p) => {
      rows.set(this.gallery.subarray(row * selected, (row + 1) * selected), p * selected);
      const patch = row % grid ** 2;
      at.set([Math.floor(row / grid ** 2), Math.floor(patch / grid), patch % grid], 3 * p);
    });
    const { x, y, r } = this.blob(index);
    const mask = Uint8Array.from({ length: 128 * 128 }, (_, i) =>
      Number(this.isDefect(index) && Math.hypot(((i % 128) + 0.5) / 128 - x, (Math.floor(i / 128) + 0.5) / 128 - y) < r),
    );
    return {
      header: { index, width: 512, height: 512 },
      arrays: {
        picture: await this.pictures(index, 512),
        fused: visual,
        visual,
        features: new Half(features),
        ...(inFile ? {} : { nearest: new Half(rows) }),
        nearest_at: at,
        mask,
      },
      shapes: { mask: [128, 128] },
    };
  }

  async neuron(site: string, index: number): Promise<Parcel> {
    const { images, grid } = this.size;
    const draw = random(7 * index + 3);
    const chosen = Array.from({ length: 8 }, () => Math.floor(draw() * images));
    const place = this.selected.indexOf(index);
    const counts = (middle: number): number[] =>
      Array.from({ length: 24 }, (_, bin) => Math.round(900 * Math.exp(-(((bin - middle) / 3) ** 2))));
    return {
      header: {
        site,
        index,
        rank: place < 0 ? 100 + (index % 50) : place + 1,
        of: this.size.neurons,
        sensitivity: 1,
        selected: place >= 0,
        labels: [
          { method: "dissect", term: "a scratch on metal", score: 0.213, q: 0.004 },
          { method: "direction", term: null, score: 0.02, q: 0.6 },
        ],
        alone: { value: 0.71, low: 0.6, high: 0.82 },
        silenced: { value: -0.012, low: -0.03, high: 0.004 },
        carries: 0.083,
        edges: Array.from({ length: 25 }, (_, i) => i / 3 - 1),
        groups: [
          { group: "normal", patches: 8192, mean: 2, deviation: 1, counts: counts(9) },
          { group: "anomalous", patches: 640, mean: 4, deviation: 1.4, counts: counts(14) },
        ],
        tile: 64,
      },
      arrays: {
        maxima: Float32Array.from({ length: images }, () => draw() * 6),
        at: Int32Array.from({ length: 2 * images }, () => Math.floor(draw() * grid)),
        exemplars: await this.strip(chosen, 64),
        exemplar_at: Int32Array.from(chosen.flatMap((image, i) => [i === 5 ? -1 : image, i, 2])),
        exemplar_values: Float32Array.from(chosen, (_, i) => 6 - i / 2),
        touches: Uint8Array.from(chosen, (image) => Number(this.isDefect(image))),
      },
    };
  }

  detect(subset: Subset): Parcel {
    const { images, grid } = this.size;
    const scores = new Float32Array(images);
    const peaks = new Int32Array(2 * images);
    for (let image = 0; image < images; image++) {
      const { visual } = this.judged(image, subset);
      const peak = argmax(visual);
      scores[image] = visual[peak];
      peaks.set([Math.floor(peak / grid), peak % grid], 2 * image);
    }
    const high = Math.max(...scores.filter((_, image) => !this.isDefect(image)));
    return {
      header: {
        threshold: high * 1.02,
        display_range: { fused: [0, 2 * high], visual: [0, 2 * high] },
        auroc: null,
      },
      arrays: { scores, visual: scores, peaks },
    };
  }
}

/** The answer about the curve of the pixel metric. */
export function pro(missing: boolean): Parcel {
  if (missing) return { header: { done: 0, of: 0, missing: "17 of the 17 anomalous images have no mask." }, arrays: {} };
  const x = Float32Array.from({ length: 40 }, (_, i) => 0.3 * (i / 39) ** 2);
  return {
    header: { done: 50, of: 50, value: 0.873, limit: 0.3, definition: "mean overlap of invented regions" },
    arrays: { x, y: x.map((at) => 1 - Math.exp(-22 * at)) },
  };
}

/** The answer about the settings of a sweep, as far as `done` points are worked out. */
export function sweep(done = 99, hostile = false): Parcel {
  let left = done;
  const axis = (name: string, title: string, values: string[], own: number, note = ""): object => ({
    name,
    title,
    note,
    own,
    points: values.map((value, place) => {
      if (place !== own && left-- <= 0) return { value };
      const auroc = 0.94 - 0.03 * Math.abs(place - own) + 0.01 * Math.sin(7 * place);
      return {
        value,
        known: true,
        auroc: [auroc, auroc - 0.05, Math.min(1, auroc + 0.04)],
        ap: [auroc - 0.1, auroc - 0.2, auroc - 0.05],
        aupro: [auroc - 0.2, null, null],
      };
    }),
  });
  const layers = Array.from({ length: 12 }, (_, layer) => `blocks.${layer}.hook_resid_post`);
  const weights = Array.from({ length: 11 }, (_, tenth) => `${tenth / 10}`);
  const axes = [
    axis("k", "K, the number of neurons", ["1", "2", "5", "10", "20", "50", "100", "192"], 6),
    axis("text_weight", "text weight", weights, 3),
    axis("layer", "layer", layers, 5),
    axis("shots", "shots, normal images in the support", ["1", "2", "4", "8"], 2, hostile ? HOSTILE : ""),
  ];
  return { header: { done: Math.min(done, 35), of: 35, no_pixels: "", axes }, arrays: {} };
}

/** The answer about two runs. */
export function compare(apart: boolean, hostile = true): Parcel {
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
  const neurons = apart
    ? { missing: "Neurons at blocks.3.hook_resid_post and at blocks.4.hook_resid_post are not the same neurons." }
    : { site: "blocks.3.hook_resid_post", only_a: range(0, 31), both: range(31, 100), only_b: range(100, 131), expected: 52.08, width: 192 };
  return {
    header: {
      names: ["four shots", hostile ? HOSTILE : "B"],
      runs: ["4 normal images; 100 neurons.", "1 normal image; 100 neurons."],
      images: 50,
      auroc: [[0.95, 0.9, 0.99], [0.91, 0.85, 0.96]],
      difference: [0.04, -0.01, 0.09],
      neurons,
    },
    arrays: {},
  };
}

const rounded = (value: number): number => Math.round(value * 128) / 128; // exact in float16
