import type { ParamValue } from "#shared/model/job";

/** What of the worker's own environment a program sees; nothing else, so no secret either. */
const keptNames = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"] as const;

/** The system takes no longer text than 128 KiB; in UTF-8 a character has at most three bytes. */
const valueCharsMax = 40_000;

/** What a program's environment tells it of its attempt. */
export interface ProgramSituation {
  readonly jobId: string;
  readonly jobName: string;
  readonly stage: "map" | "reduce";
  readonly taskIndex: number;
  /** From 1. */
  readonly attempt: number;
  readonly mapTaskCount: number;
  readonly partitionCount: number;
  readonly output: string;
  readonly params: Readonly<Record<string, ParamValue>>;
  readonly separator: string;
  readonly keyFields: number;
  /** What a mapper reads. */
  readonly range?: {
    readonly location: string;
    readonly startByte: number;
    readonly endByte: number;
  };
}

/**
 * The environment of a program, by the names of Hadoop Streaming: those of today and the older ones.
 * Dots are underscores, as there.
 * @param base the environment of the worker
 * @param cwd folder that it runs in, whose files are found like commands
 * @param own variables that the job gives it
 */
export function programEnvironment(
  base: Readonly<Record<string, string>>,
  situation: ProgramSituation,
  cwd: string,
  own: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(situation.params)) {
    const text = String(value);
    if (text.length <= valueCharsMax && !text.includes("\0")) {
      env[name.replaceAll(/[^A-Za-z0-9]/g, "_")] = text;
    }
  }
  for (const name of keptNames) {
    const value = base[name];
    if (value !== undefined) env[name] = value;
    else if (Object.hasOwn(env, name)) delete env[name];
  }
  env["PATH"] = `${cwd}:${base["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"}`;
  return { ...env, ...hadoopNames(situation), ...own };
}

function hadoopNames(situation: ProgramSituation): Record<string, string> {
  const { jobId, stage, taskIndex, attempt, range, separator, keyFields } = situation;
  const isMap = stage === "map";
  const number = String(taskIndex).padStart(6, "0");
  const taskId = `${jobId}_${isMap ? "m" : "r"}_${number}`;
  const names: Record<string, string> = {};
  const both = (name: string, older: string, value: string | number | boolean): void => {
    names[name] = String(value);
    names[older] = String(value);
  };
  both("mapreduce_job_id", "mapred_job_id", jobId);
  both("mapreduce_job_name", "mapred_job_name", situation.jobName);
  both("mapreduce_job_maps", "mapred_map_tasks", situation.mapTaskCount);
  both("mapreduce_job_reduces", "mapred_reduce_tasks", situation.partitionCount);
  both("mapreduce_task_id", "mapred_tip_id", `task_${taskId}`);
  both("mapreduce_task_attempt_id", "mapred_task_id", `attempt_${taskId}_${attempt - 1}`);
  both("mapreduce_task_ismap", "mapred_task_is_map", isMap);
  both("mapreduce_task_partition", "mapred_task_partition", taskIndex);
  both("mapreduce_output_fileoutputformat_outputdir", "mapred_output_dir", situation.output);
  names[`stream_${stage}_output_field_separator`] = separator;
  names[`stream_num_${stage}_output_key_fields`] = String(keyFields);
  if (range !== undefined) {
    both("mapreduce_map_input_file", "map_input_file", range.location);
    both("mapreduce_map_input_start", "map_input_start", range.startByte);
    both("mapreduce_map_input_length", "map_input_length", range.endByte - range.startByte);
  }
  return names;
}
