import { createHash, type Hash } from "node:crypto";
import type { Request, Response } from "express";
import { z } from "zod";
import { fault } from "#shared/errors/fault";
import { keys } from "#shared/model/keys";
import { limits } from "#shared/model/limits";
import type { ApiContext } from "./context.js";
import { check } from "./problem.js";

const pathSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a sha256 in hex"),
});

const contentTypes = [
  "text/javascript",
  "application/javascript",
  "application/octet-stream",
  "text/plain",
];

/** `PUT /bundles/:sha256`: takes job code under the hash of its bytes. Again is fine. */
export async function putBundle(api: ApiContext, request: Request, response: Response) {
  const { sha256 } = check(pathSchema, request.params, "path");
  checkHead(request);
  const key = api.dataKey(keys.bundle(sha256));
  const existing = await api.backend.stat(key);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  if (existing === null) {
    sizeBytes = await store(api, key, request, hash, sha256);
  } else {
    for await (const block of blocksOf(request)) {
      hash.update(block);
      sizeBytes += block.length;
    }
    checkHash(hash, sha256);
  }
  response.status(existing === null ? 201 : 200).json({ sha256, sizeBytes });
}

/** `GET /bundles/:sha256`: the code as it was uploaded. */
export async function getBundle(api: ApiContext, request: Request, response: Response) {
  const { sha256 } = check(pathSchema, request.params, "path");
  const key = api.dataKey(keys.bundle(sha256));
  const stat = await api.backend.stat(key);
  if (stat === null) throw fault("MR_BUNDLE_NOT_FOUND", "no bundle has this hash", { sha256 });
  response.type("text/javascript").setHeader("Content-Length", String(stat.sizeBytes));
  await api.sendObject(response, key);
}

function checkHead(request: Request): void {
  const type = request.get("content-type");
  if (type !== undefined && request.is(contentTypes) === false) {
    throw fault("MR_CONTENT_TYPE_UNSUPPORTED", "a bundle is JavaScript", {
      contentType: type,
      allowed: contentTypes.join(", "),
    });
  }
  const announced = Number(request.get("content-length") ?? 0);
  if (announced > limits.bundleBytesMax) throw tooLarge(announced);
}

async function store(
  api: ApiContext,
  key: string,
  request: Request,
  hash: Hash,
  sha256: string,
): Promise<number> {
  const writer = await api.backend.write(key);
  let sizeBytes = 0;
  try {
    for await (const block of blocksOf(request)) {
      hash.update(block);
      sizeBytes += block.length;
      await writer.write(block);
    }
    checkHash(hash, sha256);
  } catch (error) {
    await writer.discard();
    throw error;
  }
  await writer.commit();
  return sizeBytes;
}

async function* blocksOf(request: Request): AsyncGenerator<Buffer> {
  let sizeBytes = 0;
  // Left open when we break off: the answer still has to go out over the same socket.
  const blocks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const block of blocks) {
    sizeBytes += block.length;
    if (sizeBytes > limits.bundleBytesMax) throw tooLarge(sizeBytes);
    yield block;
  }
}

function checkHash(hash: Hash, sha256: string): void {
  const found = hash.digest("hex");
  if (found === sha256) return;
  throw fault("MR_BUNDLE_CORRUPT", "the bytes have another sha256 than the path says", {
    expected: sha256,
    found,
  });
}

function tooLarge(sizeBytes: number): Error {
  return fault("MR_BODY_TOO_LARGE", "the bundle is too large; data belongs into inputs", {
    sizeBytes,
    allowedBytes: limits.bundleBytesMax,
  });
}
