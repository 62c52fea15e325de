// Writes the pages that are made from tables in the code. Tests compare them.
import { writeFileSync } from "node:fs";
import { ensureBuilt, ensureInstalled } from "./setup.mjs";

ensureInstalled();
ensureBuilt();
const { settingsPage } = await import("../dist/shared/config/show.js");
const { commandsPage } = await import("../dist/cli/page.js");
writeFileSync(new URL("../docs/settings.md", import.meta.url), settingsPage());
writeFileSync(new URL("../docs/cli.md", import.meta.url), commandsPage());
