import { createHash } from "node:crypto";
import { Fault } from "#shared/errors/fault";
import type { NamedPart } from "#master/schedule/views";
import { outputPaths } from "#shared/model/keys";
import type { StorageBackend } from "#shared/storage/backend";
import type { CommitRequest } from "./commit-job.js";

export const jobId = "wordcount-20240229-235959-ab12";
export const otherId = "wordcount-20240101-000000-zz99";

export async function put(backend: StorageBackend, key: string, content: string): Promise<void> {
  const writer = await backend.write(key);
  await writer.write(Buffer.from(content));
  await writer.commit();
}

export async function tree(backend: StorageBackend): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const page of backend.list("")) {
    for (const { key } of page) {
      const blocks: Buffer[] = [];
      for await (const block of backend.read(key)) blocks.push(block);
      found[key] = Buffer.concat(blocks).toString();
    }
  }
  return found;
}

/** Parts as three winning attempts left them, beside what a loser left. */
export async function prepare(
  backend: StorageBackend,
  id = jobId,
  output = "out",
): Promise<CommitRequest> {
  const parts: NamedPart[] = [];
  for (const [index, content] of ["a\t1\n", "", "b\t2\nc\t3\n"].entries()) {
    const name = `reduce-0000${index}.${index + 1}`;
    await put(backend, `${output}/_pending-${id}/${name}`, content);
    parts.push({
      name: outputPaths.part(index),
      location: `/${output}/_pending-${id}/${name}`,
      records: content.split("\n").length - 1,
      bytes: content.length,
      sha256: createHash("sha256").update(content).digest("hex"),
    });
  }
  await put(backend, `${output}/_pending-${id}/reduce-00001.1`, "of a lost attempt");
  return {
    jobId: id,
    jobName: "wordcount",
    output: `/${output}`,
    overwrite: false,
    parts,
    counters: { "user.words": 6 },
    nowMs: 1_700_000_000_000,
  };
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
}

export const finalNames = [
  "out/_SUCCESS",
  "out/manifest.json",
  "out/part-00000",
  "out/part-00001",
  "out/part-00002",
];
