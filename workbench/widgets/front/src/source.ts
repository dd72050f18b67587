/** What every view works on: a source of parcels, wherever they come from. */

import type { Parcel } from "./parcel.ts";

export type Range = readonly [low: number, high: number];
export type Label = 0 | 1 | null;
export type Mode = "all" | "only" | "without" | "point";

/**
 * Which of the selected neurons take part; `positions` are places in `OpenHeader.selected`. Of a
 * `point` of a sweep they are the axis and the place on it.
 */
export interface Subset {
  readonly mode: Mode;
  readonly positions: readonly number[];
}

export const WHOLE: Subset = { mode: "all", positions: [] };

export interface ImageEntry {
  readonly name: string;
  readonly defect: string | null;
  readonly label: Label;
  readonly width: number;
  readonly height: number;
}

export interface SiteEntry {
  readonly site: string;
  readonly layer: number;
  readonly neurons: number;
}

export interface FusionHeader {
  readonly weight: number;
  readonly visual: Range;
  readonly text?: Range | null;
}

export interface DisplayRange {
  readonly fused: Range;
  readonly visual: Range;
  readonly text?: Range | null;
}

export interface OpenHeader {
  readonly schema: number;
  readonly title: string;
  readonly category: string;
  readonly model: string;
  readonly site: string;
  readonly grid: readonly [rows: number, columns: number];
  readonly threshold: number | null;
  readonly display_range: DisplayRange;
  readonly text_weight: number;
  readonly fusion?: FusionHeader | null;
  readonly support: readonly string[];
  readonly images: readonly ImageEntry[];
  readonly sites: readonly SiteEntry[];
  readonly selected: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
  readonly thumb: { readonly side: number; readonly columns: number };
  readonly live: boolean;
  readonly redo?: boolean;
  readonly redo_reason?: string | null;
  readonly selection?: string | null;
  readonly notes?: readonly string[];
  /** What Python chose before anything was shown. */
  readonly chosen?: Pushed | null;
}

export interface ImageHeader {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** Rows and columns of the mask, put in by the source from the array's shape. */
  readonly maskShape?: readonly [number, number];
}

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface NeuronLabel {
  readonly method: string;
  readonly term: string | null;
  readonly score: number | null;
  readonly q: number | null;
}

export interface Group {
  readonly group: string;
  readonly patches: number;
  readonly mean: number;
  readonly deviation: number;
  readonly counts: readonly number[];
}

export interface NeuronHeader {
  readonly site: string;
  readonly index: number;
  readonly rank: number;
  readonly of: number;
  readonly sensitivity: number;
  readonly selected: boolean;
  readonly labels?: readonly NeuronLabel[];
  readonly alone?: Interval | null;
  readonly silenced?: Interval | null;
  readonly carries?: number | null;
  readonly edges?: readonly number[];
  readonly groups?: readonly Group[];
  readonly tile?: number;
}

export interface DetectHeader {
  readonly threshold: number | null;
  readonly display_range: DisplayRange;
  readonly auroc?: number | null;
  readonly note?: string | null;
}

export type Open = Parcel<OpenHeader>;
export type ImageAnswer = Parcel<ImageHeader>;
export type NeuronAnswer = Parcel<NeuronHeader>;
export type DetectAnswer = Parcel<DetectHeader>;

export interface Chosen {
  readonly neurons: readonly string[];
  readonly image: number | null;
  readonly patch: readonly [number, number] | null;
  readonly threshold: number | null;
  /** The point of a sweep; empty where Python goes back to the run. */
  readonly point?: readonly number[];
}

export type Pushed = { readonly [Key in keyof Chosen]?: Chosen[Key] };

/** Something that the source says by itself. */
export interface Listener {
  pushed(choice: Pushed): void;
  gone(sentence: string): void;
}

/** An answer that a newer question of the same kind has overtaken; to be dropped in silence. */
export class Stale extends Error {}

export interface Source {
  readonly kind: "kernel" | "file";
  open(): Promise<Open>;
  image(index: number, subset: Subset): Promise<ImageAnswer>;
  /** `more` gets the fuller answer, where one follows the first. */
  neuron(site: string, index: number, more: (answer: NeuronAnswer) => void): Promise<NeuronAnswer>;
  detect(subset: Subset): Promise<DetectAnswer>;
  thumbs(part: number): Promise<Uint8Array>;
  /** What only some views ask for, by its name; `more` gets what follows the first answer. */
  extra<Header>(what: string, more: (answer: Parcel<Header>) => void): Promise<Parcel<Header>>;
  chosen(choice: Chosen): void;
  listen(listener: Listener): void;
  close(): void;
}
