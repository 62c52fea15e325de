import { LineBlocks } from "./lines.js";
import { Random } from "./random.js";
import { Zipf } from "./zipf.js";

const pathCount = 20_000;
const agentCount = 200;
/** Requests a second: the clock of the log is a counter of lines. */
const linesPerSecond = 40;
const startMs = Date.UTC(2015, 4, 17, 10, 5, 3);

const folders = ["articles", "blog", "images", "presentations", "projects", "reset", "static"];
const nouns = ["kibana", "logstash", "search", "graph", "puppet", "notes", "archive", "release"];
const endings = [".html", "", "/", ".png", ".css", ".js", ".pdf"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Statuses by hundredths of the requests. */
const statuses: readonly (readonly [status: number, share: number])[] = [
  [200, 88],
  [304, 6],
  [404, 3],
  [301, 2],
  [500, 1],
];

/**
 * An access log in Apache's combined format, about 230 bytes a line: 20,000 paths by Zipf's law, one in
 * twenty with a query string, five statuses, a size in every line, never `-`. ASCII without escapes.
 */
export class AccessLogGenerator {
  readonly #random: Random;
  readonly #zipf = new Zipf(pathCount);
  readonly #paths: readonly string[];
  /** Bytes of the file behind each path. */
  readonly #sizes: readonly number[];
  readonly #agents: readonly string[];
  readonly #statusOfDraw = new Uint16Array(100);
  readonly #lines: LineBlocks;
  #second = "";

  constructor(seed: number, sizeBytes: number) {
    const random = new Random(seed);
    this.#random = random;
    this.#paths = Array.from({ length: pathCount }, (_, index) => pathOf(random, index));
    this.#sizes = Array.from({ length: pathCount }, () => 200 + random.below(80_000));
    this.#agents = Array.from({ length: agentCount }, () => agentOf(random));
    let draw = 0;
    for (const [status, share] of statuses) {
      this.#statusOfDraw.fill(status, draw, draw + share);
      draw += share;
    }
    this.#lines = new LineBlocks(sizeBytes, () => this.#line());
  }

  get lineCount(): number {
    return this.#lines.lineCount;
  }

  /** The whole log block by block. A block is valid until the next one is asked for. */
  blocks(): Generator<Uint8Array> {
    return this.#lines.blocks();
  }

  #line(): string {
    const random = this.#random;
    const page = this.#zipf.draw(random);
    const status = this.#statusOfDraw[random.below(100)] ?? 200;
    const bits = random.next();
    const address = `${(bits >>> 24) | 1}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
    const method = status === 200 && random.below(20) === 0 ? "POST" : "GET";
    const referer = random.below(2) === 0 ? "-" : this.#referer();
    const agent = this.#agents[random.below(agentCount)] ?? "-";
    return (
      `${address} - - [${this.#now()}] "${method} ${this.#paths[page] ?? "/"} HTTP/1.1" ${status} ` +
      `${bytesOf(status, this.#sizes[page] ?? 0)} "${referer}" "${agent}"\n`
    );
  }

  #referer(): string {
    const from = this.#paths[this.#zipf.draw(this.#random)] ?? "/";
    return `http://semicomplete.example${from}`;
  }

  #now(): string {
    const done = this.#lines.lineCount;
    if (done % linesPerSecond === 0) {
      this.#second = timeStamp(startMs + (done / linesPerSecond) * 1000);
    }
    return this.#second;
  }
}

/** Two paths never are the same: the index is in each. */
function pathOf(random: Random, index: number): string {
  const folder = pick(random, folders);
  const path = `/${folder}/${pick(random, nouns)}-${pick(random, nouns)}-${index}`;
  if (random.below(20) === 0) return `${path}?page=${random.below(50)}&q=${pick(random, nouns)}`;
  return path + pick(random, endings);
}

function agentOf(random: Random): string {
  const version = `${20 + random.below(40)}.0.${random.below(2000)}.${random.below(120)}`;
  if (random.below(5) === 0)
    return `Mozilla/5.0 (compatible; Archiver/${version}; +http://bot.example)`;
  const system = pick(random, [
    "Macintosh; Intel Mac OS X 10_9_1",
    "Windows NT 6.1; WOW64",
    "X11; Linux x86_64",
  ]);
  return `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36`;
}

function bytesOf(status: number, sizeBytes: number): number {
  if (status === 200) return sizeBytes;
  if (status === 304) return 0;
  if (status === 301) return 324;
  return status === 404 ? 1_245 : 612;
}

/** `17/May/2015:10:05:03 +0000` */
function timeStamp(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${two(at.getUTCDate())}/${months[at.getUTCMonth()] ?? ""}/${at.getUTCFullYear()}`;
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(":");
  return `${day}:${time} +0000`;
}

function pick(random: Random, choices: readonly string[]): string {
  return choices[random.below(choices.length)] ?? "";
}
