/** The orders in which images are listed. */

import type { Label } from "./source.ts";

export type Sort = "score" | "mistake" | "neuron" | "name";

/** How wrong a score is: positive on the wrong side of the threshold, NaN where nobody knows. */
export function wrongness(score: number, label: Label, threshold: number): number {
  if (label === null) return NaN;
  return label ? threshold - score : score - threshold;
}

/** Whether an image is on the wrong side: a missed anomaly or a false alarm. */
export function isMistake(score: number, label: Label, threshold: number): boolean {
  if (label === null || Number.isNaN(score)) return false;
  return score >= threshold !== (label === 1);
}

/** The numbers from 0 on, as many as are asked for. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Indices by value, largest first; NaN comes last, equals keep their order. */
export function byValue(values: ArrayLike<number>): number[] {
  return range(values.length).sort((a, b) => {
    const [x, y] = [values[a], values[b]];
    if (Number.isNaN(x) || Number.isNaN(y)) {
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    }
    return y - x || a - b;
  });
}

/** Indices with the worst mistakes first. */
export function byMistake(
  scores: ArrayLike<number>,
  labels: readonly Label[],
  threshold: number,
): number[] {
  return byValue(labels.map((label, index) => wrongness(scores[index], label, threshold)));
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Indices by name, numbers inside names in their order. */
export function byName(names: readonly string[]): number[] {
  return range(names.length).sort((a, b) => collator.compare(names[a], names[b]) || a - b);
}
