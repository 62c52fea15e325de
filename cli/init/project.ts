import { newFile, type NewFile } from "./template.js";

export interface ProjectFacts {
  /** Last part of the folder's path. */
  readonly folderName: string;
  readonly jobName: string;
  /** What stands behind `millrace run`. */
  readonly command: string;
  /** Packages for development with the versions to ask npm for. */
  readonly packages: Readonly<Record<string, string>>;
}

/** What a folder of jobs needs beside them; files that are there already stay as they are. */
export function projectFiles(facts: ProjectFacts): NewFile[] {
  return [
    newFile("package.json", packageLines(facts)),
    newFile("tsconfig.json", JSON.stringify(tsconfig, null, 2).split("\n")),
    newFile("README.md", readmeLines(facts)),
  ];
}

/** Whatever `type` the package has: bundlers and test runners resolve imports, nothing is emitted. */
const tsconfig = {
  compilerOptions: {
    target: "es2023",
    lib: ["es2023"],
    types: ["node"],
    module: "esnext",
    moduleResolution: "bundler",
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
  },
  exclude: ["node_modules", "output"],
};

function packageLines({ folderName, jobName, packages }: ProjectFacts): string[] {
  // A name that npm takes: lower case, no leading dot or underscore.
  const cleaned = folderName.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-");
  const name = cleaned.replace(/^[._-]+/, "") || jobName.toLowerCase();
  const manifest = {
    name,
    private: true,
    type: "module",
    scripts: { test: "vitest run", check: "tsc --noEmit" },
    devDependencies: packages,
  };
  return JSON.stringify(manifest, null, 2).split("\n");
}

function readmeLines({ jobName, command }: ProjectFacts): string[] {
  return [
    `# ${jobName}`,
    "",
    `A MapReduce job for [Millrace](https://www.npmjs.com/package/millrace): \`${jobName}.ts\`.`,
    "",
    "```sh",
    "npm install",
    "npm test                # runs the job in a unit test, without a cluster",
    "npm run check           # types",
    "```",
    "",
    "Run it here, in a private cluster that ends with it:",
    "",
    "```sh",
    `npx millrace run ${command} --output output/${jobName}`,
    "```",
    "",
    "Or in a cluster that stays up:",
    "",
    "```sh",
    "npx millrace up --workers 2     # in another terminal",
    `npx millrace plan ${command}`,
    `npx millrace submit ${command} --output output/${jobName} --wait`,
    "```",
    "",
    "The output is a folder: `part-00000…`, a manifest, and `_SUCCESS`, written last. A folder that has",
    "content is replaced only with `--overwrite`.",
  ];
}
