/** The curve of the pixel metric, which the source is asked for by itself. */

import type { Context } from "../context.ts";
import type { Points } from "../curves.ts";
import { write } from "../dom.ts";
import type { Parcel } from "../parcel.ts";
import { percent100, plot } from "./plot.ts";

interface Pro {
  readonly done: number;
  readonly of: number;
  readonly value?: number;
  readonly missing?: string;
  readonly definition?: string;
}

const LIMIT = 0.3;
const AXES = "region overlap against pixel false positive rate, to 0.3";

export function proFigure({ explorer, store }: Context): HTMLElement {
  const { root, foot, curve } = plot("PRO", AXES, LIMIT);

  function show({ header, arrays }: Parcel<Pro>): void {
    const { done, of, value, missing, definition } = header;
    if (value !== undefined) {
      root.title = definition ?? "";
      curve(arrays as unknown as Points, `AUPRO ${percent100(value)}`);
    } else curve(undefined, missing === undefined ? `${done} of ${of} images …` : "none");
    write(foot, missing ?? AXES);
  }

  store.watch(["session"], () => {
    explorer.source.extra<Pro>("pro", show).then(show, (error: Error) => {
      show({ header: { done: 0, of: 0, missing: error.message }, arrays: {} });
    });
  });
  return root;
}
