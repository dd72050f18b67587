// Builds ../static/explorer.js: one ES module with no imports, styles inside.
// `node build.mjs --check` compares instead of writing, and exits with 1 where they differ.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { deflateRawSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 60_000; // bytes
const target = new URL("../static/explorer.js", import.meta.url);

/** Styles travel packed (deflate, base64): they are text of which a third is enough. */
function packStyles(b) {
  b.onLoad({ filter: /\.css$/ }, async ({ path }) => {
    const css = await readFile(path, "utf8");
    const { code } = await b.esbuild.transform(css, { loader: "css", minify: true, target: "chrome123" });
    return { contents: deflateRawSync(code.trim(), { level: 9 }).toString("base64"), loader: "text" };
  });
}

export async function bundle() {
  const result = await build({
    entryPoints: [new URL("src/index.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    charset: "utf8",
    plugins: [{ name: "pack-styles", setup: packStyles }],
    write: false,
    legalComments: "none",
  });
  return result.outputFiles[0].contents;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const code = await bundle();
  if (code.length > LIMIT && !process.argv.includes("--any-size")) {
    console.error(`explorer.js would be ${code.length} bytes; at most ${LIMIT} are allowed.`);
    process.exit(1);
  }
  if (process.argv.includes("--check")) {
    const there = await readFile(target).catch(() => new Uint8Array());
    if (Buffer.compare(Buffer.from(there), Buffer.from(code))) {
      console.error("explorer.js is not what the sources give; run `npm run build`.");
      process.exit(1);
    }
  } else {
    await mkdir(new URL("../static/", import.meta.url), { recursive: true });
    await writeFile(target, code);
  }
  console.log(`explorer.js: ${code.length} bytes`);
}
