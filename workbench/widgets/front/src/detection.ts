/** Detection redone in the browser: cosine distance to the nearest gallery patch, and its shares. */

import { range } from "./order.ts";
import type { FusionHeader, Subset } from "./source.ts";

/** The places of `count` selected neurons that take part under a subset. */
export function takingPart(subset: Subset, count: number): number[] {
  const named = new Set(subset.positions);
  const all = range(count);
  if (subset.mode === "all" || named.size === 0) return all;
  return all.filter((place) => named.has(place) === (subset.mode === "only"));
}

/** Rows restricted to some columns and scaled to unit length; a row of zeros stays zero. */
export function unitRows(
  values: Float32Array,
  columns: number,
  places: readonly number[],
): Float32Array {
  const rows = values.length / columns;
  const width = places.length;
  const unit = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    let square = 0;
    for (let d = 0; d < width; d++) {
      const value = values[row * columns + places[d]];
      unit[row * width + d] = value;
      square += value * value;
    }
    if (square === 0) continue;
    const scale = 1 / Math.sqrt(square);
    for (let d = 0; d < width; d++) unit[row * width + d] *= scale;
  }
  return unit;
}

/** The index of the unit gallery row with the largest cosine to each unit query row. */
export function nearestRows(
  queries: Float32Array,
  gallery: Float32Array,
  width: number,
): Int32Array {
  const rows = gallery.length / width;
  const nearest = new Int32Array(queries.length / width);
  const whole = width - (width % 4);
  for (let q = 0; q < nearest.length; q++) {
    const from = q * width;
    let best = -Infinity;
    let at = 0;
    for (let row = 0; row < rows; row++) {
      const start = row * width;
      let a = 0;
      let b = 0;
      let c = 0;
      let e = 0;
      let d = 0;
      for (; d < whole; d += 4) {
        a += queries[from + d] * gallery[start + d];
        b += queries[from + d + 1] * gallery[start + d + 1];
        c += queries[from + d + 2] * gallery[start + d + 2];
        e += queries[from + d + 3] * gallery[start + d + 3];
      }
      for (; d < width; d++) a += queries[from + d] * gallery[start + d];
      const cosine = a + b + (c + e);
      if (cosine > best) {
        best = cosine;
        at = row;
      }
    }
    nearest[q] = at;
  }
  return nearest;
}

/**
 * The shares of all `columns` neurons at one patch, from plain activations `[patch, neuron]`.
 *
 * A share is (q/|q| - m/|m|)^2 / 4 over the neurons that take part; they sum to the patch's visual score. Neurons that take no part get 0.
 */
export function sharesAt(
  features: Float32Array,
  nearest: Float32Array,
  columns: number,
  places: readonly number[],
  patch: number,
): Float32Array {
  const slice = (of: Float32Array) =>
    unitRows(of.subarray(patch * columns, (patch + 1) * columns), columns, places);
  const [q, m] = [slice(features), slice(nearest)];
  const shares = new Float32Array(columns);
  places.forEach((place, d) => {
    shares[place] = (q[d] - m[d]) ** 2 / 4;
  });
  return shares;
}

export interface Judged {
  readonly visual: Float32Array;
  readonly nearest: Int32Array;
}

/** Visual scores of patches against a gallery of unit rows over the same neurons. */
export function judge(
  features: Float32Array,
  columns: number,
  places: readonly number[],
  gallery: Float32Array,
): Judged {
  const width = places.length;
  const queries = unitRows(features, columns, places);
  const nearest = nearestRows(queries, gallery, width);
  const visual = new Float32Array(nearest.length);
  for (let q = 0; q < nearest.length; q++) {
    // From the differences: 1 - cos loses its digits where cos is close to 1.
    let sum = 0;
    for (let d = 0; d < width; d++) {
      const difference = queries[q * width + d] - gallery[nearest[q] * width + d];
      sum += difference * difference;
    }
    visual[q] = sum / 4;
  }
  return { visual, nearest };
}

/** The weighted sum of both branches on their scales; `text` are log odds. */
export function fuse(
  fusion: FusionHeader,
  visual: Float32Array,
  text: Float32Array | undefined,
): Float32Array {
  const { weight } = fusion;
  const [centre, scale] = fusion.visual;
  const fused = new Float32Array(visual.length);
  for (let p = 0; p < visual.length; p++) {
    fused[p] = ((1 - weight) * (visual[p] - centre)) / scale;
  }
  if (text && fusion.text) {
    const [middle, spread] = fusion.text;
    for (let p = 0; p < text.length; p++) {
      const odds = weight === 1 ? text[p] : 1 / (1 + Math.exp(-text[p]));
      fused[p] += (weight * (odds - middle)) / spread;
    }
  }
  return fused;
}

/** Where the largest value is; the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[at]) at = i;
  return at;
}
