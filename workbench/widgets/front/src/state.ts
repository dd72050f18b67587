/** The one state that all views show. */

import type { Session } from "./session.ts";
import type { Sort } from "./order.ts";
import { type DisplayRange, type ImageAnswer, type NeuronAnswer, type Subset, WHOLE } from "./source.ts";

export type Branch = "fused" | "visual" | "text" | "neuron";

/** Scores of all images under some of the neurons. */
export interface Judgement {
  readonly scores: Float32Array;
  readonly peaks: Int32Array | undefined;
  readonly range: DisplayRange;
  /** Where the threshold stood before anybody moved it. */
  readonly threshold: number;
}

export interface Picture {
  readonly answer: ImageAnswer;
  readonly subset: Subset;
  readonly bitmap: ImageBitmap | null;
}

export interface State {
  readonly phase: "loading" | "ready" | "failed";
  readonly problem: string;
  readonly gone: string;
  readonly session: Session | null;
  readonly image: number | null;
  readonly patch: number | null;
  /** The patch under the pointer, which is looked at but not chosen. */
  readonly hover: number | null;
  readonly neuron: number | null;
  /** The set of neurons that a lasso or the keyboard has put together, in ascending order. */
  readonly chosen: readonly number[];
  readonly subset: Subset;
  readonly judged: Judgement | null;
  readonly threshold: number;
  readonly sort: Sort;
  readonly branch: Branch;
  readonly opacity: number;
  readonly contour: boolean;
  readonly truth: boolean;
  readonly picture: Picture | null;
  readonly pictureProblem: string;
  readonly card: NeuronAnswer | null;
  readonly cardProblem: string;
  readonly pending: number;
  readonly status: string;
}

export const INITIAL: State = {
  phase: "loading",
  problem: "",
  gone: "",
  session: null,
  image: null,
  patch: null,
  hover: null,
  neuron: null,
  chosen: [],
  subset: WHOLE,
  judged: null,
  threshold: 0,
  sort: "score",
  branch: "fused",
  opacity: 0.5,
  contour: true,
  truth: true,
  picture: null,
  pictureProblem: "",
  card: null,
  cardProblem: "",
  pending: 0,
  status: "",
};
