import { all, count, defineJob, sum, text, tsv } from "millrace";

/** Requests and bytes by path and status: the job of `examples/access-log.ts`. */
export default defineJob({
  name: "access-log",
  input: text(),
  map: (line, { emit, count: add }) => {
    const request = line.indexOf('"');
    const requestEnd = line.indexOf('"', request + 1);
    const [, path] = line.slice(request + 1, requestEnd).split(" ");
    const [status, bytes] = line.slice(requestEnd + 2).split(" ");
    if (path === undefined || status === undefined) add("malformed");
    else emit(`${path} ${status}`, bytes === "-" ? 0 : Number(bytes));
  },
  combine: all(count(), sum()),
  reduce: all(count(), sum()),
  output: tsv(),
});
