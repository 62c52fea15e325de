import { planJob, type Planned } from "#master/plan/plan-job";
import { sampleFolderOf } from "#master/schedule/links";
import type { JobSpec } from "#shared/model/job";
import type { StorageBackend } from "#shared/storage/backend";
import { listInputs, listRun, listSides } from "./list-inputs.js";
import { readSample } from "./read-sample.js";

/**
 * Lists what a job reads, and plans it. A step in total order gets its ranges from the sample before.
 * @throws MR_INPUT_NOT_FOUND, MR_INPUT_EMPTY, MR_INPUT_UNREADABLE, MR_LOCATION_UNSUPPORTED,
 * MR_INPUT_CORRUPT, MR_STORAGE_UNAVAILABLE
 */
export async function planSpec(
  backend: StorageBackend,
  spec: JobSpec,
  slotCount: number,
): Promise<Planned> {
  const { files, mayBeEmpty } = await listInputs(backend, spec);
  const sides = await listSides(backend, spec);
  const { stepRun, totalOrder, output } = spec;
  const isOrdered = stepRun !== undefined && totalOrder === true && output !== undefined;
  const sample = isOrdered
    ? await readSample(backend, await listRun(backend, [sampleFolderOf(output)]))
    : undefined;
  return planJob(spec, files, slotCount, {
    mayBeEmpty,
    ...(sides.length === 0 ? {} : { sides }),
    ...(sample === undefined ? {} : { sample }),
  });
}
