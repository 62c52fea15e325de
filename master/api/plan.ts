import type { Request, Response } from "express";
import { childSpec, isChain, stepsOfChain } from "#master/schedule/links";
import { planSplitsMax, type PlanView, type StepPlan } from "#shared/client/types";
import type { FaultCode } from "#shared/errors/codes";
import { fault } from "#shared/errors/fault";
import { jobSpecSchema, type JobSpec, type StepSpec } from "#shared/model/job";
import { checkSpec } from "./check-spec.js";
import type { ApiContext } from "./context.js";
import { check } from "./problem.js";

type OnePlan = Omit<PlanView, "steps">;

/** `POST /plan`: what a submission would become now. */
export async function postPlan(api: ApiContext, request: Request, response: Response) {
  const spec = checkSpec(check(jobSpecSchema, request.body));
  const answer: PlanView = isChain(spec)
    ? await planSteps(api, spec)
    : { ...(await planOne(api, spec)), steps: [] };
  response.json(answer);
}

/** Steps whose input is there are planned as they would be now. */
async function planSteps(api: ApiContext, spec: JobSpec): Promise<PlanView> {
  const steps: StepPlan[] = [];
  for (const [stepIndex, step] of stepsOfChain(spec).entries()) {
    const hasInput = stepIndex === 0 || !readsFormer(step);
    steps.push({
      name: step.name,
      hasSample: step.totalOrder === true,
      roundsMax: step.repeat?.roundsMax ?? 1,
      plan: hasInput ? await planOne(api, firstRound(spec, stepIndex)) : null,
      note: hasInput
        ? null
        : "its input does not exist yet: it reads what the step before it writes",
    });
  }
  const [first] = steps;
  if (!first?.plan) throw new Error("the first step of a job has a plan");
  return { ...first.plan, steps };
}

function readsFormer({ sources, sides = [] }: StepSpec): boolean {
  const hasFormer = sources.some(({ reader }) => reader.kind === "former");
  return hasFormer || sides.some(({ isFormer }) => isFormer === true);
}

/** The job that would run the step first, as if no step in total order took a sample. */
function firstRound(spec: JobSpec, stepIndex: number): JobSpec {
  const owner = { jobId: "plan", spec, output: spec.output ?? "/plan" };
  const { totalOrder: _ordered, ...run } = childSpec(
    owner,
    { stepIndex, round: 1, kind: "run" },
    null,
  );
  return run;
}

async function planOne(api: ApiContext, spec: JobSpec): Promise<OnePlan> {
  const planned = await api.coordinator.plan(spec);
  if (!planned.ok) throw fault(planned.failure.code as FaultCode, planned.failure.message);
  const { splits, partitionCount, inputBytes, fileCount, reasons } = planned.plan;
  return {
    splitCount: splits.length,
    partitionCount,
    inputBytes,
    fileCount,
    reasons: [...reasons],
    splits: splits.slice(0, planSplitsMax),
  };
}
