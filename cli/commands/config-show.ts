import { showSettings } from "#shared/config/show";
import type { Command } from "../command.js";
import { settingsFor } from "../connect.js";
import { jsonFlag, settingFlagsOf } from "../flags.js";
import { table } from "../render/text.js";

export const configShow: Command = {
  name: "config show",
  about: "Print every setting, its value and where it comes from; secrets are hidden.",
  positionals: [],
  flags: [...settingFlagsOf(["master", "worker", "cli"]), jsonFlag],
  examples: [
    { line: "millrace config show", about: "What commands in this folder would use." },
    { line: "millrace config show --config prod.json --json", about: "Of another file." },
  ],
  run: (invocation) => {
    const loaded = settingsFor(invocation);
    const shown = showSettings(loaded);
    const rows = shown.map((each) => [
      each.name,
      each.value === null ? "-" : String(each.value),
      each.source,
      each.environment,
    ]);
    const lines = table(["SETTING", "VALUE", "SOURCE", "ENVIRONMENT"], rows);
    const file = loaded.configFile === null ? [] : [`file: ${loaded.configFile}`];
    invocation.print(shown, [...lines, ...file]);
    return Promise.resolve(0);
  },
};
