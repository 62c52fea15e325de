import { LineBlocks } from "./lines.js";
import { Random } from "./random.js";
import { Zipf } from "./zipf.js";

const countries = (
  "US DE IN GB FR BR JP CN ES IT CA AU NL PL SE CH AT BE PT CZ GR DK NO FI IE HU RO SK BG HR " +
  "MX AR CL CO ZA EG KE NG TR UA"
).split(" ");
const events = ["view", "click", "search", "add", "remove", "buy", "login", "share"];
const tags = ["new", "mobile", "beta", "sale", "return", "vip"];
const userCount = 50_000;
const startMs = Date.UTC(2026, 0, 1);

/** One in sixteen has escapes in it, which a parser has to know of. */
const notes = [
  ...Array.from({ length: 15 }, (_, index) => `seen on page ${index} of the list`),
  'said \\"thanks\\", left\\n\\u00e9tage 2',
];

/**
 * Flat JSON objects of eight fields, one a line, about 145 bytes: 320 pairs of country and event by
 * Zipf's law, and a whole `amount`, so that its sums are exact in every tool. ASCII.
 */
export class JsonLinesGenerator {
  readonly #random: Random;
  readonly #countries = new Zipf(countries.length);
  readonly #events = new Zipf(events.length);
  readonly #lines: LineBlocks;

  constructor(seed: number, sizeBytes: number) {
    this.#random = new Random(seed);
    this.#lines = new LineBlocks(sizeBytes, () => this.#line());
  }

  get lineCount(): number {
    return this.#lines.lineCount;
  }

  /** All objects block by block. A block is valid until the next one is asked for. */
  blocks(): Generator<Uint8Array> {
    return this.#lines.blocks();
  }

  #line(): string {
    const random = this.#random;
    const atMs = startMs + this.#lines.lineCount * 25 + random.below(25);
    const country = countries[this.#countries.draw(random)] ?? "";
    const event = events[this.#events.draw(random)] ?? "";
    const firstTag = random.below(tags.length);
    const tagTexts = tags.slice(firstTag, firstTag + random.below(3)).map((tag) => `"${tag}"`);
    return (
      `{"ts":${atMs},"user":"u${random.below(userCount)}","country":"${country}",` +
      `"event":"${event}","amount":${random.below(10_000)},"ok":${random.below(10) > 0},` +
      `"tags":[${tagTexts.join(",")}],"note":"${notes[random.below(notes.length)] ?? ""}"}\n`
    );
  }
}
