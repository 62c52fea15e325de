import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Job } from "#shared/authoring/any-job";
import { resolveParams } from "#shared/authoring/params";
import { inputNamesOf, submissionOf, type Placement } from "#shared/authoring/spec";
import { fault } from "#shared/errors/fault";
import type { JobSubmission } from "#shared/model/job";

/** A job file as the cluster wants it. */
export interface Bundle {
  readonly sha256: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The submission over one input, which all inputs of the job read. */
  submit(placement: InputPlacement): JobSubmission & { readonly output: string };
}

export interface InputPlacement extends Omit<Placement, "bundleSha256" | "inputs" | "params"> {
  /** Location of the input. */
  readonly input: string;
  readonly output: string;
  readonly params?: Readonly<Record<string, string>>;
}

/**
 * Bundles a job of `bench/jobs/` with all that it imports.
 * @param folder a copy of the bundle is left here, because it is loaded once to be described
 */
export async function bundleJob(root: string, name: string, folder: string): Promise<Bundle> {
  const result = await build({
    entryPoints: [path.join(root, "bench/jobs", `${name}.ts`)],
    alias: { millrace: path.join(root, "dist/shared/authoring/millrace.js") },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    write: false,
    logLevel: "silent",
  });
  const contents = result.outputFiles[0]?.contents;
  if (contents === undefined) throw fault("MR_JOB_FILE_INVALID", "nothing was bundled", { name });
  const bytes = new Uint8Array(contents);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${sha256}.mjs`);
  fs.writeFileSync(file, bytes);
  const module = (await import(pathToFileURL(file).href)) as { default: Job };
  const { definition } = module.default;
  return {
    sha256,
    bytes,
    submit: ({ input, params: given = {}, ...placement }) => {
      const { params, problems } = resolveParams(definition.params ?? {}, given);
      const [problem] = problems;
      if (problem !== undefined) {
        throw fault("MR_PARAM_INVALID", `${problem.field} ${problem.problem}`, { name });
      }
      const inputs = new Map(inputNamesOf(definition).map((each) => [each, [input]]));
      const submission = submissionOf(definition, {
        ...placement,
        bundleSha256: sha256,
        params,
        inputs,
      });
      return { ...submission, output: placement.output };
    },
  };
}
