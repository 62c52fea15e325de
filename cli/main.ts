import { runCli } from "./run-cli.js";
import { systemTerminal } from "./terminal.js";

// A reader that has seen enough (`millrace output ID --cat | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await runCli(process.argv.slice(2), systemTerminal, process.cwd());
