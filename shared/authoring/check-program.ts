import type { Program } from "./programs.js";
import { refuse } from "./refuse.js";

/** The system takes no longer argument than 128 KiB; in UTF-8 a character has at most three bytes. */
const commandCharsMax = 40_000;
const keyFieldsMax = 1000;
const variablePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Checks a program and its options. @throws MR_JOB_INVALID */
export function checkProgram(path: string, program: Program): void {
  const { command, separator, keyFields, partitionFields, files, env } = program;
  if (typeof command !== "string" || command.trim() === "" || command.length > commandCharsMax) {
    refuse(`${path}.command`, command, `a command line of 1 to ${commandCharsMax} characters`);
  }
  if (command.includes("\0")) refuse(`${path}.command`, "a text with a NUL", "no NUL in it");
  if (!isSeparator(separator)) {
    refuse(`${path}.separator`, separator, "one ASCII character other than a line feed");
  }
  if (!isWhole(keyFields, keyFieldsMax)) {
    refuse(`${path}.keyFields`, keyFields, `a whole number from 1 to ${keyFieldsMax}`);
  }
  if (partitionFields !== undefined && !isWhole(partitionFields, keyFields)) {
    refuse(`${path}.partitionFields`, partitionFields, `1 to keyFields, which is ${keyFields}`);
  }
  for (const name of Object.keys(files ?? {})) {
    const isPlain = name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
    if (!isPlain) refuse(`${path}.files`, name, "a file's name without folders");
    if (typeof files?.[name]?.base64 !== "string") {
      refuse(`${path}.files.${name}`, files?.[name], "{ base64: TEXT, isExecutable: BOOLEAN }");
    }
  }
  for (const [name, value] of Object.entries(env ?? {})) {
    if (!variablePattern.test(name)) {
      refuse(`${path}.env`, name, "names of letters, digits and '_' that begin with no digit");
    }
    if (typeof value !== "string" || value.includes("\0")) {
      refuse(`${path}.env.${name}`, value, "a text without NUL");
    }
  }
}

function isSeparator(value: unknown): boolean {
  if (typeof value !== "string" || value.length !== 1) return false;
  const code = value.charCodeAt(0);
  return code >= 1 && code <= 0x7f && value !== "\n";
}

function isWhole(value: unknown, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max;
}
