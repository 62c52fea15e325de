import type { Command } from "../command.js";
import { connect } from "../connect.js";
import { connectFlags } from "../flags.js";

export const cancel: Command = {
  name: "cancel",
  about: "End a job; its output folder stays as it was before.",
  positionals: [{ name: "ID", about: "Id of the job." }],
  flags: connectFlags,
  examples: [{ line: "millrace cancel wordcount-20260131-120000-a1b2", about: "End that job." }],
  run: async (invocation) => {
    const job = await connect(invocation).cancelJob(invocation.positional(0));
    invocation.print(job, [`job ${job.id} is ${job.status}`]);
    return 0;
  },
};
