/** What every view is given. */

import type { Atlas } from "./atlas.ts";
import type { Explorer } from "./explorer.ts";
import type { Store } from "./store.ts";
import type { State } from "./state.ts";

export interface Context {
  readonly explorer: Explorer;
  readonly store: Store<State>;
  readonly atlas: Atlas;
  /** Called when the theme or the size of everything has changed, to draw canvases again. */
  redraw(act: () => void): void;
  /** Called when the explorer is taken off the page. */
  undo(act: () => void): void;
}
