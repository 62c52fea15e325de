/**
 * Patterns over keys: `*` and `?` within a segment, `**` for any number of segments, `[a-z]` and
 * `[!a-z]` for one character, `{a,b}` for alternatives, backslash before a character to mean itself.
 * A wildcard at the start of a segment does not stand for a leading `.` or `_`: such names are hidden.
 * A pattern that matches a folder matches what is below it, hidden names excepted.
 */
export interface Pattern {
  /** Leading segments without wildcards: the folder where a search begins. */
  readonly base: readonly string[];
  /** The segments after the base. */
  readonly rest: readonly Segment[];
}

type Segment = "**" | readonly Token[];

type Token =
  | { readonly kind: "char"; readonly char: string }
  | { readonly kind: "any" }
  | { readonly kind: "star" }
  | {
      readonly kind: "set";
      readonly isNegated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    };

/** Alternatives multiply; more than this is a mistake, not a pattern. */
const alternativesMax = 1_000;

/** Whether a text means more than itself as a pattern. */
export function hasWildcards(text: string): boolean {
  return /[*?[{\\]/.test(text);
}

/** Whether a name is left out unless it is named. */
export function isHidden(name: string): boolean {
  return name.startsWith(".") || name.startsWith("_");
}

/** @returns one pattern per combination of alternatives; null when there are too many */
export function parsePatterns(text: string): Pattern[] | null {
  const texts = expandBraces(text);
  return texts === null ? null : texts.map(parsePattern);
}

function parsePattern(text: string): Pattern {
  const segments = text.split("/").filter((segment) => segment !== "");
  const compiled = segments.map((segment) => (segment === "**" ? segment : compile(segment)));
  const wild = compiled.findIndex((segment) => segment === "**" || !segment.every(isChar));
  const cut = wild < 0 ? compiled.length : wild;
  const base = compiled.slice(0, cut).map((segment) => literal(segment));
  return { base, rest: compiled.slice(cut) };
}

function isChar(token: Token): boolean {
  return token.kind === "char";
}

function literal(segment: Segment): string {
  if (segment === "**") return segment;
  return segment.map((token) => (token.kind === "char" ? token.char : "")).join("");
}

/** Where a walk along a path stands: positions in `rest` that the names so far may have reached. */
export type Positions = ReadonlySet<number>;

export function startOf(pattern: Pattern): Positions {
  return closure(pattern, [0]);
}

/** The positions after one more name; none when nothing below can match. */
export function step(pattern: Pattern, positions: Positions, name: string): Positions {
  const next: number[] = [];
  for (const position of positions) {
    const segment = pattern.rest[position];
    // Past the end: the folder matched as a whole.
    if (segment === undefined || segment === "**") {
      if (!isHidden(name)) next.push(position);
    } else if (matchesSegment(segment, name)) {
      next.push(position + 1);
    }
  }
  return closure(pattern, next);
}

export function isMatch(pattern: Pattern, positions: Positions): boolean {
  return positions.has(pattern.rest.length);
}

/** `**` may also stand for no segment at all. */
function closure(pattern: Pattern, positions: readonly number[]): Positions {
  const reached = new Set<number>();
  for (let position of positions) {
    reached.add(position);
    while (pattern.rest[position] === "**") reached.add(++position);
  }
  return reached;
}

/** Only the last star ever needs another try, so the work is bounded by the product of the lengths. */
function matchesSegment(tokens: readonly Token[], name: string): boolean {
  if (isHidden(name) && tokens[0]?.kind !== "char") return false;
  const chars = Array.from(name);
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < chars.length) {
    const wanted = tokens[token];
    if (wanted?.kind === "star") {
      star = token++;
      starAt = at;
    } else if (wanted !== undefined && matchesChar(wanted, chars[at] ?? "")) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (tokens[token]?.kind === "star") token++;
  return token === tokens.length;
}

function matchesChar(token: Token, char: string): boolean {
  if (token.kind === "char") return token.char === char;
  if (token.kind !== "set") return true;
  const code = char.codePointAt(0) ?? 0;
  const isIn = token.ranges.some(
    ([low, high]) => code >= (low.codePointAt(0) ?? 0) && code <= (high.codePointAt(0) ?? 0),
  );
  return isIn !== token.isNegated;
}

function compile(segment: string): Token[] {
  const chars = Array.from(segment);
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? "";
    if (char === "*") {
      if (tokens.at(-1)?.kind !== "star") tokens.push({ kind: "star" });
    } else if (char === "?") {
      tokens.push({ kind: "any" });
    } else if (char === "\\" && at + 1 < chars.length) {
      tokens.push({ kind: "char", char: chars[++at] ?? "" });
    } else if (char === "[") {
      const set = readSet(chars, at + 1);
      tokens.push(set === null ? { kind: "char", char } : set.token);
      if (set !== null) at = set.last;
    } else {
      tokens.push({ kind: "char", char });
    }
  }
  return tokens;
}

/** The set that begins at `from`; null when it is not closed, and so the bracket means itself. */
function readSet(chars: readonly string[], from: number): { token: Token; last: number } | null {
  const isNegated = chars[from] === "!" || chars[from] === "^";
  const first = isNegated ? from + 1 : from;
  const ranges: [string, string][] = [];
  for (let at = first; at < chars.length; at++) {
    if (chars[at] === "]" && at > first) {
      return { token: { kind: "set", isNegated, ranges }, last: at };
    }
    if (chars[at] === "\\" && at + 1 < chars.length) at++;
    const low = chars[at] ?? "";
    const high = chars[at + 2];
    if (chars[at + 1] === "-" && high !== undefined && high !== "]") {
      ranges.push([low, high]);
      at += 2;
    } else {
      ranges.push([low, low]);
    }
  }
  return null;
}

/** Replaces the first group of alternatives by each of them, until none is left. */
function expandBraces(text: string): string[] | null {
  const done: string[] = [];
  const open = [text];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const group = findGroup(next);
    if (group === null) {
      done.push(next);
      continue;
    }
    for (const choice of group.choices.toReversed()) {
      open.push(next.slice(0, group.start) + choice + next.slice(group.end));
    }
    if (open.length + done.length > alternativesMax) return null;
  }
  return done;
}

interface Group {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly choices: readonly string[];
}

/** The first closed `{…}` with a comma at its own level; others mean themselves. */
function findGroup(text: string): Group | null {
  for (let start = 0; start < text.length; start++) {
    if (text[start] === "\\") start++;
    else if (text[start] === "{") {
      const group = readGroup(text, start);
      if (group !== null) return group;
    }
  }
  return null;
}

function readGroup(text: string, start: number): Group | null {
  const choices: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "{") depth++;
    else if (char === "," && depth === 1) {
      choices.push(text.slice(from, at));
      from = at + 1;
    } else if (char === "}" && --depth === 0) {
      if (choices.length === 0) return null;
      return { start, end: at + 1, choices: [...choices, text.slice(from, at)] };
    }
  }
  return null;
}
