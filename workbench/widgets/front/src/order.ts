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

/** Indices by value, largest first; NaN comes last, equals keep their order. */
export function byValue(values: ArrayLike<number>): number[] {
  return Array.from({ length: values.length }, (_, index) => index).sort((a, b) => {
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
  return names
    .map((_, index) => index)
    .sort((a, b) => collator.compare(names[a], names[b]) || a - b);
}
