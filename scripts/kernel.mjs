// `npm run kernel`: compiles the AssemblyScript of the kernels into `worker/map/kernel/*-wasm.ts`;
// with `--check` it only says whether these files are what the sources make.
import path from "node:path";
import { readFile, writeFile } from "node:fs/promises";
import asc from "assemblyscript/asc";
import { root } from "./setup.mjs";

const folder = "worker/map/kernel";
const kernels = [
  {
    source: `${folder}/assembly/entry.ts`,
    target: `${folder}/combine-wasm.ts`,
    name: "combineWasm",
  },
  {
    source: `${folder}/assembly/records.ts`,
    target: `${folder}/records-wasm.ts`,
    name: "recordsWasm",
    options: ["--importMemory"],
  },
];

/** The text of a generated file. */
async function compile({ source, name, options = [] }) {
  let wasm = null;
  const usual = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd"];
  const { error } = await asc.main([source, "--outFile", "out.wasm", ...usual, ...options], {
    readFile: (file, base) => readFile(path.join(root, base, file), "utf8").catch(() => null),
    writeFile: (file, contents) => {
      if (file === "out.wasm") wasm = contents;
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
    `export const ${name} =`,
    `${lines.map((line) => `  "${line}"`).join(" +\n")};`,
    "",
  ].join("\n");
}

for (const kernel of kernels) {
  const made = await compile(kernel);
  const target = path.join(root, kernel.target);
  if (!process.argv.includes("--check")) await writeFile(target, made);
  else if (made !== (await readFile(target, "utf8"))) {
    process.stderr.write(
      `${kernel.target} is not what ${kernel.source} makes; run npm run kernel\n`,
    );
    process.exitCode = 1;
  }
}
