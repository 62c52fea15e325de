import { defineJob, former, text, tsv, types } from "millrace";

type Page = { rank: number; links: string[] };
const linePattern =
  /"\S+ ([^ ?#"]+)[^"]*" \d+ \S+ "https?:\/\/(?:www\.)?semicomplete\.com([^ ?#"]*)/;

/**
 * PageRank of the pages of a site, from the links that its visitors followed: the access log says which
 * page led to which. Steps: links, then rounds of ranks until they hardly move, then the ranks in order.
 */
export default defineJob({
  name: "pagerank",
  params: {
    damping: { type: "number", default: 0.85, min: 0, max: 1 },
    precision: { type: "number", default: 0.001, about: "a rank that moves less has settled" },
  },
  steps: (step) => [
    step({
      name: "links",
      input: text(),
      emits: types<string, string>(),
      map: (line, { emit }) => {
        const [, to, from] = linePattern.exec(line) ?? [];
        if (to === undefined || from === undefined || from === "" || to === from) return;
        emit(from, to);
        // A page without links must be known, too.
        emit(to, "");
      },
      reduce: (page: string, targets: Iterable<string>, { emit }) => {
        const links = [...new Set(targets)].filter((target) => target !== "").sort();
        emit(page, { rank: 1, links });
      },
    }),
    step({
      name: "rank",
      input: former<string, Page>(),
      emits: types<string, number | Page>(),
      map: ({ key, value }, { emit }) => {
        emit(key, value);
        for (const link of value.links) emit(link, value.rank / value.links.length);
      },
      reduce: (page, values, { emit, params, count }) => {
        let known: Page = { rank: 1, links: [] };
        let given = 0;
        for (const value of values) {
          if (typeof value === "number") given += value;
          else known = value;
        }
        // To six digits, so that the order of additions does not show.
        const rank = Number((1 - params.damping + params.damping * given).toFixed(6));
        if (Math.abs(rank - known.rank) > params.precision) count("moved");
        emit(page, { rank, links: known.links });
      },
      repeat: { until: { counter: "moved", atMost: 0 }, roundsMax: 100 },
    }),
    step({
      name: "order",
      input: former<string, Page>(),
      map: ({ key, value }, { emit }) => emit(-value.rank, key),
      sortValues: true,
      reducers: 1,
      reduce: (rank: number, pages: Iterable<string>, { emit }) => {
        for (const page of pages) emit(page, -rank);
      },
    }),
  ],
  output: tsv(),
});
