import type { Job, State } from "#master/schedule/state";
import { isFinal } from "#shared/model/job";
import type { JobId } from "#shared/model/ids";

/**
 * When workers are told to forget a run of a chain: one run later. A worker that forgets the last job
 * of a bundle ends the threads that have it loaded, and would start them anew for the next run.
 */
export class EndedRuns {
  /** By chain: the run that ended last and is not forgotten yet. */
  readonly #last = new Map<JobId, JobId>();

  /** @returns the jobs to forget now that this one ended */
  end(state: State, jobId: JobId): JobId[] {
    const job = state.jobs.get(jobId);
    const chainId = job?.spec.stepRun?.parentId;
    if (chainId !== undefined && goesOn(state.jobs.get(chainId))) {
      const former = this.#last.get(chainId);
      this.#last.set(chainId, jobId);
      return former === undefined || former === jobId ? [] : [former];
    }
    const last = this.#last.get(jobId);
    this.#last.delete(jobId);
    return last === undefined ? [jobId] : [last, jobId];
  }
}

function goesOn(chain: Job | undefined): boolean {
  return chain !== undefined && !isFinal(chain.status);
}
