import { readFile } from "node:fs/promises";
import { transform } from "esbuild";

export async function load(url, context, next) {
  if (!url.startsWith("file:") || !/\.(ts|css)$/.test(url)) return next(url, context);
  const text = await readFile(new URL(url), "utf8");
  const loader = url.endsWith(".css") ? "text" : "ts";
  const { code } = await transform(text, { loader, format: "esm", target: "es2022" });
  return { format: "module", source: code, shortCircuit: true };
}
