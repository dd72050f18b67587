// Serves the bundle and the harness's page, and opens them in Chromium.
import { createServer } from "node:http";
import { accessSync, constants } from "node:fs";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { bundle, MODULES } from "../build.mjs";

const PLACES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The path of a Chromium, or undefined. */
export function findChromium() {
  return PLACES.find((path) => {
    try {
      accessSync(path ?? "", constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const THEMES = {
  light: {
    "--jp-layout-color0": "#fff", "--jp-layout-color1": "#fff", "--jp-layout-color2": "#eee",
    "--jp-border-color1": "#bdbdbd", "--jp-border-color2": "#e0e0e0",
    "--jp-ui-font-color0": "rgba(0,0,0,1)", "--jp-ui-font-color1": "rgba(0,0,0,.87)",
  },
  dark: {
    "--jp-layout-color0": "#111", "--jp-layout-color1": "#212121", "--jp-layout-color2": "#424242",
    "--jp-border-color1": "#616161", "--jp-border-color2": "#424242",
    "--jp-ui-font-color0": "rgba(255,255,255,1)", "--jp-ui-font-color1": "rgba(255,255,255,.87)",
  },
};

/** Set JupyterLab's theme on a page, or none. */
export async function setTheme(page, theme) {
  await page.emulateMedia({ colorScheme: theme });
  await page.evaluate(([name, values]) => {
    document.body.dataset.jpThemeLight = String(name === "light");
    for (const [key, value] of Object.entries(values)) document.body.style.setProperty(key, value);
    document.body.style.background = values["--jp-layout-color0"];
  }, [theme, THEMES[theme]]);
}

const HTML = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Harness</title>
<link rel="icon" href="data:,"><body style="margin:12px"><main></main><script type="module" src="/page.js"></script></body></html>`;

/** A browser with the harness in it: `open(width)` gives a page whose console errors are kept. */
export async function harness() {
  const here = new URL(".", import.meta.url).pathname;
  const page = await build({
    entryPoints: [`${here}page.ts`], bundle: true, format: "esm", target: "es2022", write: false,
    external: ["/explorer.js", "/views.js"],
  });
  const served = {
    "/": ["text/html", HTML],
    "/page.js": ["text/javascript", page.outputFiles[0].contents],
  };
  for (const name of Object.keys(MODULES)) served[`/${name}`] = ["text/javascript", await bundle(name)];
  const server = createServer((request, response) => {
    const found = served[request.url];
    response.writeHead(found ? 200 : 404, { "content-type": found?.[0] ?? "text/plain" });
    response.end(found?.[1]);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--enable-precise-memory-info", "--js-flags=--expose-gc"],
  });
  return {
    browser,
    async open(width = 1280, theme = "light") {
      const context = await browser.newContext({ viewport: { width, height: 1000 }, colorScheme: theme });
      const opened = await context.newPage();
      const errors = [];
      opened.on("pageerror", (error) => errors.push(String(error)));
      opened.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await opened.goto(`http://127.0.0.1:${server.address().port}/`);
      await setTheme(opened, theme);
      await opened.waitForFunction(() => "harness" in globalThis);
      return { page: opened, errors };
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}
