import { readManifest } from "#master/commit/read-manifest";
import { isFormerFolder } from "#master/schedule/links";
import type { ListedSide } from "#master/plan/sides";
import { asFault, fault } from "#shared/errors/fault";
import type { JobSpec, SideSpec, SourceSpec } from "#shared/model/job";
import type { InputFile } from "#shared/model/split";
import type { ObjectStat, StorageBackend } from "#shared/storage/backend";
import { expandInputs } from "#shared/storage/listing";
import { parseLocation, toLocation } from "#shared/storage/locations";

export interface Listed {
  /** Of all sources, each with the index of its own. */
  readonly files: readonly InputFile[];
  /** Whether a source may be empty because a run before wrote it. */
  readonly mayBeEmpty: boolean;
}

/**
 * The files of a job's inputs. One of several inputs may be empty; all of them only where they are
 * what runs before it wrote.
 * @throws MR_INPUT_NOT_FOUND, MR_INPUT_EMPTY, MR_INPUT_UNREADABLE, MR_LOCATION_UNSUPPORTED
 */
export async function listInputs(backend: StorageBackend, spec: JobSpec): Promise<Listed> {
  const { inputs, reader, sources = [{ name: "input", inputs, reader }] } = spec;
  const files: InputFile[] = [];
  let emptiness: unknown = null;
  let mayBeEmpty = false;
  for (const [index, source] of sources.entries()) {
    const isFormer = isOfRunBefore(spec, source);
    mayBeEmpty ||= isFormer;
    try {
      const found = isFormer
        ? await listRun(backend, source.inputs)
        : await expandInputs(backend, source.inputs);
      for (const file of found) files.push(index === 0 ? file : { ...file, source: index });
    } catch (error) {
      if (asFault(error).code !== "MR_INPUT_EMPTY") throw error;
      emptiness ??= error;
    }
  }
  if (files.length === 0 && !mayBeEmpty && emptiness !== null) throw emptiness;
  return { files, mayBeEmpty };
}

/** @throws as `listInputs`, naming the side input */
export async function listSides(backend: StorageBackend, spec: JobSpec): Promise<ListedSide[]> {
  const listed: ListedSide[] = [];
  for (const side of spec.sides ?? []) {
    listed.push({ name: side.name, files: await listSide(backend, side) });
  }
  return listed;
}

async function listSide(backend: StorageBackend, side: SideSpec): Promise<readonly InputFile[]> {
  if (side.isFormer === true) return listRun(backend, side.inputs);
  try {
    return await expandInputs(backend, side.inputs);
  } catch (error) {
    const { code, message } = asFault(error);
    throw fault(code, message, { side: side.name }, error);
  }
}

/** Nothing comes before the first round of the first step: such a source has no location. */
function isOfRunBefore(spec: JobSpec, { inputs }: SourceSpec): boolean {
  if (spec.stepRun === undefined) return false;
  return inputs.every((location) => isFormerFolder(spec, location));
}

/**
 * The parts that runs of a chain wrote, in the order of their tasks.
 * @throws MR_INPUT_NOT_FOUND, MR_INPUT_CORRUPT when they are not there as they were committed
 */
export async function listRun(
  backend: StorageBackend,
  folders: readonly string[],
): Promise<readonly InputFile[]> {
  const files: InputFile[] = [];
  for (const location of folders) {
    const { key: folder } = parseLocation(location);
    const manifest = await readManifest(backend, folder);
    if (manifest === null) {
      throw fault("MR_INPUT_NOT_FOUND", "the output of the step before is gone", { location });
    }
    const objects = new Map<string, ObjectStat>();
    for await (const page of backend.list(folder)) {
      for (const object of page) objects.set(object.key, object);
    }
    for (const { name, bytes } of manifest.parts) {
      const object = objects.get(`${folder}/${name}`);
      if (object?.sizeBytes !== bytes) {
        throw fault("MR_INPUT_CORRUPT", "a part of the step before is not as it was committed", {
          location: `${location}/${name}`,
          committedBytes: bytes,
          foundBytes: object?.sizeBytes ?? null,
        });
      }
      const { key, sizeBytes, version } = object;
      files.push({ location: toLocation(key), sizeBytes, version });
    }
  }
  return files;
}
