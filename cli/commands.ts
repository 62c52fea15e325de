import type { Command } from "./command.js";
import { cancel } from "./commands/cancel.js";
import { configShow } from "./commands/config-show.js";
import { init } from "./commands/init.js";
import { job } from "./commands/job.js";
import { jobs } from "./commands/jobs.js";
import { logs } from "./commands/logs.js";
import { output } from "./commands/output.js";
import { plan } from "./commands/plan.js";
import { master, worker } from "./commands/programs.js";
import { run } from "./commands/run.js";
import { submit } from "./commands/submit.js";
import { up } from "./commands/up.js";
import { workers } from "./commands/workers.js";

/** Every command, in the order of help. */
export const commands: readonly Command[] = [
  init,
  run,
  up,
  master,
  worker,
  submit,
  plan,
  jobs,
  job,
  logs,
  output,
  cancel,
  workers,
  configShow,
];
