// `npm run kernel`: compiles the AssemblyScript of the combine kernel into `worker/map/kernel/combine-wasm.ts`.
import path from "node:path";
import { readFile, writeFile } from "node:fs/promises";
import asc from "assemblyscript/asc";
import { root } from "./setup.mjs";

const source = "worker/map/kernel/assembly/combine.ts";
const target = path.join(root, "worker/map/kernel/combine-wasm.ts");

/** The text of the generated file. */
export async function compileKernel() {
  let wasm = null;
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd"];
  const { error, stderr } = await asc.main([source, "--outFile", "out.wasm", ...options], {
    readFile: (name, folder) => readFile(path.join(root, folder, name), "utf8").catch(() => null),
    writeFile: (name, contents) => {
      if (name === "out.wasm") wasm = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || wasm === null) throw error ?? new Error(stderr.toString());
  const lines =
    Buffer.from(wasm)
      .toString("base64")
      .match(/.{1,96}/g) ?? [];
  return [
    `/** Made from \`${source}\` by \`npm run kernel\`: WebAssembly in base64. */`,
    "export const combineWasm =",
    `${lines.map((line) => `  "${line}"`).join(" +\n")};`,
    "",
  ].join("\n");
}

if (import.meta.filename === process.argv[1]) await writeFile(target, await compileKernel());
