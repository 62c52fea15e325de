import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { fault, messageOf } from "#shared/errors/fault";
import { letOpen, makePipes, type OpenOurEnds, type Pipes } from "./pipes.js";
import { shellArguments, type Shell } from "./shell.js";
import { StderrLines, type StderrHooks } from "./stderr-lines.js";

export interface ProgramStart {
  /** For messages: `map`, `combine` or `reduce`. */
  readonly role: string;
  readonly command: string;
  readonly shell: Shell;
  readonly cwd: string;
  readonly openOurEnds: OpenOurEnds;
  readonly env: Readonly<Record<string, string>>;
  readonly stderr: StderrHooks;
  /** Takes what it writes; nothing more is read before the promise, if there is one, is done. */
  readonly onOutput: (chunk: Buffer) => Promise<void> | null;
  /** Told of every sign of life. */
  readonly onLife: () => void;
  /** Told of its process group when it runs, and of 0 when nothing of it is left. */
  readonly onGroup: (group: number) => void;
}

/** For what still writes to standard error when the command itself has ended. */
const stderrGraceMs = 1_000;
/** A program that opens its input by name after its end waits so long at most. */
const openEveryMs = 100;
const commandCharsShown = 200;

interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/**
 * A command that runs in a process group of its own. Its streams are served together: input waits while
 * it does not read, output while nobody takes it, standard error never.
 */
export class ProgramProcess {
  readonly #start: ProgramStart;
  readonly #child: ChildProcess;
  readonly #stdin: Socket;
  readonly #stdout: Socket;
  readonly #stderr: Socket;
  readonly #stdinPath: string;
  readonly #lines: StderrLines;
  readonly #exited: Promise<Ending>;
  readonly #outputDone: Promise<void>;
  readonly #stderrDone: Promise<void>;
  #ending: Ending | null = null;
  #failure: { readonly error: unknown } | null = null;
  /** It does not read any more. */
  #isDeaf = false;
  #isClosed = false;

  /** @throws MR_USER_CODE_FAILED, MR_STORAGE_UNAVAILABLE */
  static async start(start: ProgramStart): Promise<ProgramProcess> {
    return new ProgramProcess(start, await makePipes(start.cwd, start.openOurEnds));
  }

  private constructor(start: ProgramStart, { ours, theirs, stdinPath }: Pipes) {
    this.#start = start;
    this.#stdinPath = stdinPath;
    this.#lines = new StderrLines(start.stderr);
    this.#stdin = new Socket({ fd: ours.stdin, readable: false, writable: true });
    this.#stdout = new Socket({ fd: ours.stdout, readable: true, writable: false });
    this.#stderr = new Socket({ fd: ours.stderr, readable: true, writable: false });
    const { shell, command, cwd, env } = start;
    try {
      // The fourth is the watcher's: see `shell.ts`.
      this.#child = spawn(shell.path, shellArguments(shell, command), {
        cwd,
        env,
        detached: true,
        stdio: [theirs.stdin, theirs.stdout, theirs.stderr, "pipe"],
      });
    } catch (error) {
      for (const socket of [this.#stdin, this.#stdout, this.#stderr]) socket.destroy();
      fs.rmSync(stdinPath, { force: true });
      throw this.#notStarted(error);
    } finally {
      for (const descriptor of Object.values(theirs)) fs.closeSync(descriptor as number);
    }
    this.#exited = this.#watchExit();
    this.#outputDone = this.#takeOutput();
    this.#stderrDone = this.#takeStderr();
    this.#stdin.on("error", () => this.#stopWriting());
    this.#lifeline?.on("error", () => undefined);
    const { pid } = this.#child;
    if (pid !== undefined) start.onGroup(pid);
  }

  /** Whether it has ended in a way that fails the attempt; `finish` tells how. */
  get hasFailed(): boolean {
    if (this.#failure !== null) return true;
    return this.#ending !== null && this.#ending.exitCode !== 0;
  }

  /** Whether `write` still reaches it. */
  get isReading(): boolean {
    return !this.#isDeaf;
  }

  /** Writes the bytes, which may be used again when it resolves; what it does not read is left out. */
  write(bytes: Buffer): Promise<void> {
    if (this.#isDeaf || bytes.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stdin.write(bytes, () => {
        this.#start.onLife();
        resolve();
      });
    });
  }

  /**
   * Ends its input and waits for it and its output.
   * @throws MR_USER_CODE_FAILED naming the command and how it ended, and what taking its output threw
   */
  async finish(): Promise<void> {
    if (!this.#isDeaf) this.#stdin.end();
    this.#letOpen(1);
    const { exitCode, signal } = await this.#exited;
    if (exitCode === 0) await this.#outputDone;
    await this.#waitForStderr();
    this.#close();
    if (this.#failure !== null) throw this.#failure.error;
    if (exitCode !== 0) throw this.#failed(exitCode, signal);
  }

  /** Ends it and all that it has started, at once; harmless afterwards. */
  kill(): void {
    this.#close();
  }

  get #lifeline(): Writable | null {
    return (this.#child.stdio[3] ?? null) as Writable | null;
  }

  /** Again and again, in growing distance: see `letOpen`. */
  #letOpen(waitMs: number): void {
    if (this.#ending !== null) return;
    setTimeout(() => {
      if (this.#ending !== null || this.#isClosed) return;
      if (this.#stdin.writableFinished) letOpen(this.#stdinPath);
      this.#letOpen(Math.min(openEveryMs, waitMs * 2));
    }, waitMs).unref();
  }

  #watchExit(): Promise<Ending> {
    return new Promise((resolve) => {
      const settle = (ending: Ending): void => {
        this.#ending ??= ending;
        this.#stopWriting();
        resolve(this.#ending);
      };
      this.#child.once("exit", (exitCode, signal) => settle({ exitCode, signal }));
      this.#child.once("error", (error) => {
        this.#fail(this.#notStarted(error));
        settle({ exitCode: null, signal: null });
      });
    });
  }

  /** Resolves at the end of its output, or when taking it has failed. */
  #takeOutput(): Promise<void> {
    const { onOutput, onLife } = this.#start;
    const stdout = this.#stdout;
    return new Promise((resolve) => {
      stdout.on("data", (chunk: Buffer) => {
        onLife();
        try {
          const pending = onOutput(chunk);
          if (pending === null) return;
          stdout.pause();
          pending.then(
            () => stdout.resume(),
            (error: unknown) => this.#fail(error),
          );
        } catch (error) {
          this.#fail(error);
        }
      });
      stdout.once("error", (error) => this.#fail(error));
      stdout.once("close", resolve);
    });
  }

  #takeStderr(): Promise<void> {
    const stderr = this.#stderr;
    return new Promise((resolve) => {
      stderr.on("data", (chunk: Buffer) => {
        this.#start.onLife();
        this.#report(() => this.#lines.add(chunk));
      });
      stderr.once("error", (error) => this.#fail(error));
      stderr.once("close", () => {
        this.#report(() => this.#lines.end());
        resolve();
      });
    });
  }

  #report(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #waitForStderr(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, stderrGraceMs);
    });
    await Promise.race([this.#stderrDone, waited]);
    clearTimeout(timer);
  }

  /** What it has not read it will never read. */
  #stopWriting(): void {
    this.#isDeaf = true;
    this.#stdin.destroy();
  }

  /** The attempt has failed by something else than the command's own end: there is no more use of it. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { pid } = this.#child;
    // The watcher is of the group until now, so that its number cannot be another's.
    if (pid !== undefined) killGroup(pid);
    this.#stopWriting();
    this.#stdout.destroy();
    this.#stderr.destroy();
    this.#lifeline?.destroy();
    fs.rmSync(this.#stdinPath, { force: true });
    void this.#exited.then(() => this.#start.onGroup(0));
  }

  get #name(): string {
    const { role, command } = this.#start;
    const shown =
      command.length > commandCharsShown ? `${command.slice(0, commandCharsShown)} …` : command;
    return `the ${role} program ${JSON.stringify(shown)}`;
  }

  #notStarted(error: unknown): Error {
    return fault("MR_USER_CODE_FAILED", `cannot start ${this.#name}: ${messageOf(error)}`);
  }

  #failed(exitCode: number | null, signal: string | null): Error {
    const how = signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
    const { last } = this.#lines;
    const said = last === "" ? "; it wrote nothing on standard error" : `; it last wrote: ${last}`;
    const error = fault("MR_USER_CODE_FAILED", `${this.#name} ended with ${how}${said}`);
    // Where we noticed it tells the user nothing.
    delete error.stack;
    return error;
  }
}

/** Ends all processes of a group, if there are any. */
export function killGroup(group: number): void {
  if (group <= 1) return;
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It is gone.
  }
}
