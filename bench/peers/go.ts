import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fault } from "#shared/errors/fault";
import type { BenchOptions } from "../options.js";
import { commandContender, type Contender, type Surroundings } from "./contender.js";

/** What every Go program of the bench is built with, beside its own file. */
const sharedSource = "groups.go";

/**
 * A program in Go from `bench/programs/`, called with input, output and threads. It is built once, before
 * the clock, into the data folder.
 */
export function goContender(
  surroundings: Surroundings,
  options: BenchOptions,
  facts: {
    readonly name: string;
    readonly about: string;
    /** Name of the file, without `.go`. */
    readonly source: string;
    readonly threads: number;
  },
): Contender {
  const { root } = surroundings;
  const environment = goEnvironment(surroundings, options);
  const answer = spawnSync("go", ["version"], { encoding: "utf8", env: environment });
  const version = answer.error === undefined ? answer.stdout.trim() : null;
  const target = path.join(options.dataFolder, "programs", `go-${facts.source}`);
  const contender = commandContender(surroundings, {
    name: facts.name,
    about: facts.about,
    version,
    absence: "Go is not installed (apt install golang-go)",
    command: ({ input }, output) => ({
      program: target,
      arguments: [input.path, output, String(facts.threads)],
    }),
  });
  let isBuilt = false;
  return {
    ...contender,
    run: async (order) => {
      if (!isBuilt) buildProgram({ root, source: facts.source, target, environment });
      isBuilt = true;
      return contender.run(order);
    },
  };
}

/** @throws MR_INTERNAL with what the compiler says */
function buildProgram(build: {
  readonly root: string;
  readonly source: string;
  readonly target: string;
  readonly environment: Record<string, string | undefined>;
}): void {
  const { root, source, target, environment } = build;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const folder = path.join(root, "bench/programs");
  const result = spawnSync("go", ["build", "-o", target, `${source}.go`, sharedSource], {
    cwd: folder,
    encoding: "utf8",
    env: environment,
  });
  if (result.status === 0) return;
  throw fault("MR_INTERNAL", `go build failed: ${result.stderr.trim()}`, { source });
}

/** The toolchain that is installed, and nothing fetched; a build cache even without a home folder. */
function goEnvironment(
  { environment }: Surroundings,
  { dataFolder }: BenchOptions,
): Record<string, string | undefined> {
  const cache = path.join(dataFolder, "programs", "go-cache");
  return {
    ...environment,
    GOTOOLCHAIN: "local",
    GOPROXY: "off",
    GOFLAGS: "",
    GO111MODULE: "off",
    ...(environment.HOME === undefined ? { GOCACHE: cache, GOPATH: cache } : {}),
  };
}
