/** How good scores are: curves, counts at a threshold, and who changes sides when it moves. */

import { range } from "./order.ts";
import type { Label } from "./source.ts";

export interface Points {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

export interface Curves {
  readonly roc: Points;
  readonly precisionRecall: Points;
  readonly auroc: number;
  readonly averagePrecision: number;
  /** How many images took part: those with a label and a score. */
  readonly images: number;
}

/** ROC and precision-recall of image scores; `null` unless both kinds of image are there. */
export function curves(scores: ArrayLike<number>, labels: readonly Label[]): Curves | null {
  const order = range(labels.length)
    .filter((index) => labels[index] !== null && Number.isFinite(scores[index]))
    .sort((a, b) => scores[b] - scores[a]);
  const positives = order.filter((index) => labels[index] === 1).length;
  const negatives = order.length - positives;
  if (!positives || !negatives) return null;
  const fpr = [0];
  const tpr = [0];
  const recall: number[] = [];
  const precision: number[] = [];
  let hits = 0;
  let alarms = 0;
  let auroc = 0;
  let averagePrecision = 0;
  for (let i = 0; i < order.length; ) {
    const before = { hits, alarms };
    const score = scores[order[i]];
    for (; i < order.length && scores[order[i]] === score; i++) {
      if (labels[order[i]] === 1) hits++;
      else alarms++;
    }
    auroc += (alarms - before.alarms) * (hits + before.hits);
    averagePrecision += ((hits - before.hits) * hits) / (hits + alarms);
    fpr.push(alarms / negatives);
    tpr.push(hits / positives);
    if (hits) {
      recall.push(hits / positives);
      precision.push(hits / (hits + alarms));
    }
  }
  return {
    roc: { x: Float64Array.from(fpr), y: Float64Array.from(tpr) },
    precisionRecall: { x: Float64Array.from(recall), y: Float64Array.from(precision) },
    auroc: auroc / (2 * positives * negatives),
    averagePrecision: averagePrecision / positives,
    images: order.length,
  };
}

export interface Confusion {
  readonly found: number;
  readonly missed: number;
  readonly alarms: number;
  readonly passed: number;
}

/** Counts at a threshold; a score at or above it counts as anomalous. */
export function confusion(
  scores: ArrayLike<number>,
  labels: readonly Label[],
  threshold: number,
): Confusion {
  let [found, missed, alarms, passed] = [0, 0, 0, 0];
  labels.forEach((label, index) => {
    if (label === null || Number.isNaN(scores[index])) return;
    const above = scores[index] >= threshold;
    if (label) above ? found++ : missed++;
    else above ? alarms++ : passed++;
  });
  return { found, missed, alarms, passed };
}

/** Images that are on another side than at the threshold `before`, by how far they are from `now`. */
export function changedSides(
  scores: ArrayLike<number>,
  before: number,
  now: number,
  scoresBefore: ArrayLike<number> = scores,
): number[] {
  const changed: number[] = [];
  for (let index = 0; index < scores.length; index++) {
    if (Number.isNaN(scores[index]) || Number.isNaN(scoresBefore[index])) continue;
    if (scoresBefore[index] >= before !== scores[index] >= now) changed.push(index);
  }
  return changed.sort((a, b) => Math.abs(scores[a] - now) - Math.abs(scores[b] - now) || a - b);
}

/** Counts of scores in equal bins over a range, for normal, anomalous and unlabelled images. */
export function histogram(
  scores: ArrayLike<number>,
  labels: readonly Label[],
  low: number,
  high: number,
  bins: number,
): { normal: number[]; anomalous: number[]; unknown: number[] } {
  const counts = {
    normal: new Array<number>(bins).fill(0),
    anomalous: new Array<number>(bins).fill(0),
    unknown: new Array<number>(bins).fill(0),
  };
  labels.forEach((label, index) => {
    if (!Number.isFinite(scores[index])) return;
    const place = Math.floor(((scores[index] - low) / (high - low)) * bins);
    const kind = label === null ? "unknown" : label ? "anomalous" : "normal";
    counts[kind][Math.min(bins - 1, Math.max(0, place))]++;
  });
  return counts;
}

/** Smallest and largest finite value; [0, 1] of none, widened where they are equal. */
export function extent(...lists: readonly ArrayLike<number>[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const values of lists) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  if (low === high) return [low - 0.5, high + 0.5];
  return [low, high];
}
