import { z } from "zod";

/** Turns what a file, an environment or a flag gives into a value, and says in words what it takes. */
export interface Parser<Value> {
  readonly schema: z.ZodType<Value>;
  /** Completes the sentence "allowed: …". */
  readonly allowed: string;
}

/** A whole number in `min..max`, as number or as text. */
export function wholeNumber(min: number, max: number, unit = ""): Parser<number> {
  const text = z
    .string()
    .trim()
    .regex(/^-?\d+$/)
    .transform(Number);
  return {
    schema: z.union([z.number(), text]).pipe(z.int().min(min).max(max)),
    allowed: `a whole number from ${min} to ${max}${unit === "" ? "" : ` (${unit})`}`,
  };
}

/** True or false, as such or as text. */
export const yesOrNo: Parser<boolean> = {
  schema: z.union([
    z.boolean(),
    z
      .string()
      .trim()
      .toLowerCase()
      .pipe(z.enum(["true", "false"]))
      .transform((text) => text === "true"),
  ]),
  allowed: "true or false",
};

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
};

/** Bytes as a number or as a text with a unit, `512MB`, `1.5 GiB`; null when it is neither. */
export function parseSizeBytes(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const factor = unitBytes[(match?.[2] ?? "?").toUpperCase()];
  if (match === null || factor === undefined) return null;
  return Math.round(Number(match[1]) * factor);
}

/** A size in bytes; `KB MB GB TB` count in thousands, `KiB MiB GiB TiB` in 1024s. */
export function size(minBytes: number, maxBytes: number): Parser<number> {
  const text = z.string().transform((given) => parseSizeBytes(given) ?? Number.NaN);
  return {
    schema: z.union([z.number(), text]).pipe(z.int().min(minBytes).max(maxBytes)),
    allowed: `a size from ${minBytes} to ${maxBytes} bytes, such as 536870912, 512MiB or 1GB`,
  };
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): Parser<Choice> {
  return { schema: z.enum(choices), allowed: `one of ${choices.join(", ")}` };
}

export function matching(pattern: RegExp, allowed: string): Parser<string> {
  return { schema: z.string().regex(pattern), allowed };
}

/** A path of any form that the system takes; made absolute when the settings are loaded. */
export const filePath: Parser<string> = matching(/^[^\0]{1,4096}$/, "a path");

export const hostName: Parser<string> = matching(
  /^(?:[a-z0-9_](?:[a-z0-9_.-]{0,252})|\[?[0-9a-f:.]{2,45}\]?)$/i,
  "a host name or an IP address, without a port",
);

/** A master's address; `http(s)://` is taken for `ws(s)://`. @returns `ws(s)://host:port[/path]` */
export const masterAddress: Parser<string> = {
  schema: z.string().transform((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    const scheme = url?.protocol.replace(/^http/, "ws");
    const isPlain = url?.username === "" && url.password === "" && url.search === "";
    if (url === null || !isPlain || (scheme !== "ws:" && scheme !== "wss:")) {
      context.addIssue({ code: "custom", message: "is not a master's address" });
      return z.NEVER;
    }
    return `${scheme}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
  }),
  allowed: "ws://host:port, wss://host:port, http://host:port or https://host:port",
};

/** The same master for REST: `ws://` becomes `http://`, `wss://` becomes `https://`. */
export function httpUrlOf(masterUrl: string): string {
  return masterUrl.replace(/^ws/, "http");
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127(?:\.\d{1,3}){3}$/.test(bare);
}

/** Whether a host means "all addresses of this machine", which nobody can connect to by that name. */
export function isUnspecified(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return bare === "0.0.0.0" || bare === "::";
}
