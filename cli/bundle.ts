import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build, type BuildFailure, type BuildOptions, type Message, type Plugin } from "esbuild";
import { fault } from "#shared/errors/fault";
import { limits } from "#shared/model/limits";
import { builtFile } from "./installation.js";

/** A job file with all that it imports, as one ES module. */
export interface Bundle {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
}

/** Packages in CommonJS may ask for Node's own modules by `require`, which ES modules lack. */
const requireBanner =
  'import { createRequire as millraceRequire } from "node:module"; ' +
  "globalThis.require ??= millraceRequire(import.meta.url);";

/**
 * Bundles a job file. Node's own modules stay outside; `millrace` is ours whatever folder the file is
 * in; the source map is inline and names sources by absolute URLs, so that stacks name the user's file
 * wherever the bundle lies.
 * @throws MR_JOB_FILE_INVALID when the file is missing or does not parse
 */
export async function bundleJobFile(file: string): Promise<Bundle> {
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw fault("MR_JOB_FILE_INVALID", "the job file does not exist", { file });
  }
  return bundle({ entryPoints: [file] }, file, path.dirname(file));
}

/** Bundles a module that is no file. @param folder where its imports are looked for */
export function bundleSource(contents: string, folder: string): Promise<Bundle> {
  const stdin = { contents, resolveDir: folder, sourcefile: "streaming.js", loader: "js" } as const;
  return bundle({ stdin }, "streaming.js", folder);
}

async function bundle(
  entry: Pick<BuildOptions, "entryPoints" | "stdin">,
  file: string,
  folder: string,
): Promise<Bundle> {
  const outfile = path.join(folder, "millrace-bundle.mjs");
  let result;
  try {
    result = await build({
      ...entry,
      absWorkingDir: folder,
      outfile,
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node20.19",
      sourcemap: "external",
      sourcesContent: false,
      logLevel: "silent",
      banner: { js: requireBanner },
      plugins: [ownEntry()],
    });
  } catch (error) {
    throw fault("MR_JOB_FILE_INVALID", describeFailure(error as BuildFailure, file), {}, error);
  }
  const code = result.outputFiles.find((output) => output.path.endsWith(".mjs"))?.text ?? "";
  const map = result.outputFiles.find((output) => output.path.endsWith(".map"))?.text ?? "{}";
  const bytes = new TextEncoder().encode(code + inlineMap(map, folder));
  if (bytes.length > limits.bundleBytesMax) {
    throw fault(
      "MR_JOB_FILE_INVALID",
      "the job with its imports is too large; data goes to inputs",
      {
        file,
        bytes: bytes.length,
        bytesMax: limits.bundleBytesMax,
      },
    );
  }
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function ownEntry(): Plugin {
  return {
    name: "millrace",
    setup(build) {
      build.onResolve({ filter: /^millrace$/ }, () => ({
        path: builtFile("shared/authoring/millrace.js"),
      }));
    },
  };
}

/** The map as a comment, its sources made absolute: relative ones would mean the worker's folder. */
function inlineMap(text: string, folder: string): string {
  const map = JSON.parse(text) as { sources?: string[] };
  const sources = (map.sources ?? []).map((each) => pathToFileURL(path.resolve(folder, each)).href);
  const json = JSON.stringify({ ...map, sources });
  const encoded = Buffer.from(json).toString("base64");
  return `//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

function describeFailure(error: BuildFailure, file: string): string {
  const errors = error.errors ?? [];
  const shown = errors.slice(0, 5).map((each) => `\n  ${describeMessage(each, file)}`);
  const more = errors.length > 5 ? `\n  and ${errors.length - 5} more` : "";
  if (errors.length === 0) return `the job file cannot be bundled: ${error.message}`;
  return `the job file cannot be bundled:${shown.join("")}${more}`;
}

function describeMessage(message: Message, file: string): string {
  const { location, text } = message;
  if (location === null) return `${text} (${file})`;
  const source = path.resolve(path.dirname(file), location.file);
  const where = `${source}:${location.line}:${location.column + 1}`;
  return `${where}: ${text}\n      ${location.lineText.trim().slice(0, 120)}`;
}
