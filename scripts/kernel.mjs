// `npm run kernel`: compiles the AssemblyScript of the combine kernel into `worker/map/kernel/combine-wasm.ts`;
// with `--check` it only says whether that file is what the source makes.
import path from "node:path";
import { readFile, writeFile } from "node:fs/promises";
import asc from "assemblyscript/asc";
import { root } from "./setup.mjs";

const source = "worker/map/kernel/assembly/entry.ts";
const target = path.join(root, "worker/map/kernel/combine-wasm.ts");

/** The text of the generated file. */
async function compileKernel() {
  let wasm = null;
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd"];
  const { error } = await asc.main([source, "--outFile", "out.wasm", ...options], {
    readFile: (name, folder) => readFile(path.join(root, folder, name), "utf8").catch(() => null),
    writeFile: (name, contents) => {
      if (name === "out.wasm") wasm = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || wasm === null) {
    throw error ?? new Error(`${source} does not compile`);
  }
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

const made = await compileKernel();
if (!process.argv.includes("--check")) await writeFile(target, made);
else if (made !== (await readFile(target, "utf8"))) {
  process.stderr.write(`${target} is not what ${source} makes; run npm run kernel\n`);
  process.exitCode = 1;
}
