// Lets node load the TypeScript sources: types are taken off by esbuild.
import { register } from "node:module";

register("./typescript_loader.mjs", import.meta.url);
