import { defineJob, jsonLines, text, types } from "millrace";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const linePattern = /^(\S+) \S+ \S+ \[(\d+)\/(\w+)\/(\d+):([\d:]+) \+0000\] "\S+ (\S+)/;

/** The visits of each address, cut where nothing came for half an hour: sessions, in order of time. */
export default defineJob({
  name: "sessions",
  params: {
    gapMinutes: { type: "number", default: 30, min: 1, about: "a longer silence begins a session" },
  },
  input: text(),
  emits: types<string, [seconds: number, path: string]>(),
  map: (line, { emit, count }) => {
    const found = linePattern.exec(line);
    if (found === null) return count("malformed");
    const [, address = "", day, month = "", year, time, path = ""] = found;
    const monthText = String(months.indexOf(month) + 1).padStart(2, "0");
    emit(address, [Date.parse(`${year}-${monthText}-${day}T${time}Z`) / 1000, path]);
  },
  // By time: however many visits an address has, they stream.
  sortValues: true,
  reduce: (address, visits, { emit, params }) => {
    let session: {
      start: number;
      end: number;
      visits: number;
      first: string;
      last: string;
    } | null = null;
    for (const [seconds, path] of visits) {
      if (session !== null && seconds - session.end > params.gapMinutes * 60) {
        emit(address, session);
        session = null;
      }
      session ??= { start: seconds, end: seconds, visits: 0, first: path, last: path };
      session.end = seconds;
      session.last = path;
      session.visits++;
    }
    if (session !== null) emit(address, session);
  },
  output: jsonLines(),
});
