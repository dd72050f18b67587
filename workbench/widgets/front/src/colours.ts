/** The anomaly scale (plasma) and the colours of canvases, which the style sheet names. */

import type { Range } from "./source.ts";

const PLASMA =
  "0d08872f05954f03a16901a6830aa49c179eb02a90c23d81d35170e06561ed7953f59044fba836fdc12af8dd24f0f921";

let table: Uint8ClampedArray | undefined;

/** 256 rows of red, green and blue, lowest first. */
export function heatTable(): Uint8ClampedArray {
  if (table) return table;
  table = new Uint8ClampedArray(256 * 3);
  const channel = (stop: number, c: number) =>
    Number.parseInt(PLASMA.slice(6 * stop + 2 * c, 6 * stop + 2 * c + 2), 16);
  for (let step = 0; step < 256; step++) {
    const place = (step / 255) * 15;
    const stop = Math.min(14, Math.floor(place));
    for (let c = 0; c < 3; c++) {
      table[3 * step + c] =
        channel(stop, c) + (place - stop) * (channel(stop + 1, c) - channel(stop, c));
    }
  }
  return table;
}

/** Values as opaque pixels of the scale; outside the range they take its ends, NaN is clear. */
export function heatPixels(values: ArrayLike<number>, [low, high]: Range): Uint8ClampedArray {
  const heat = heatTable();
  const pixels = new Uint8ClampedArray(4 * values.length);
  for (let p = 0; p < values.length; p++) {
    if (Number.isNaN(values[p])) continue;
    const unit = Math.min(1, Math.max(0, (values[p] - low) / (high - low || 1)));
    const step = 3 * Math.round(255 * unit);
    pixels[4 * p] = heat[step];
    pixels[4 * p + 1] = heat[step + 1];
    pixels[4 * p + 2] = heat[step + 2];
    pixels[4 * p + 3] = 255;
  }
  return pixels;
}

/** The scale as a CSS background, left to right. */
export const heatGradient = `linear-gradient(90deg,${(PLASMA.match(/.{6}/g) as string[])
  .map((stop) => `#${stop}`)
  .join()})`;

const system = (): MediaQueryList => matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark: JupyterLab says so, or VS Code, or else the system. */
export function isDark(body: HTMLElement = document.body): boolean {
  const { jpThemeLight: light, vscodeThemeKind: kind } = body.dataset;
  return light ? light === "false" : kind ? kind.includes("dark") : system().matches;
}

/** Tell `changed` when the page's theme does; returns how to stop. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, {
    attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"],
  });
  const query = system();
  query.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", changed);
  };
}

/** The style sheet's colours, e.g. `ink` for `--ne-ink`, as a canvas can use them. */
export function palette<Name extends string>(root: HTMLElement, ...names: Name[]): Record<Name, string> {
  const found = {} as Record<Name, string>;
  for (const name of names) {
    root.style.columnRuleColor = `var(--ne-${name})`; // resolves light-dark(); nothing has columns
    found[name] = getComputedStyle(root).columnRuleColor;
  }
  return found;
}
