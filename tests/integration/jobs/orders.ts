import { cogroup, csv, defineJob, sideLines, tsv, types } from "millrace";

/** Cents that each customer spent, but for those whose name the side input lists. */
export default defineJob({
  name: "orders",
  inputs: {
    customers: {
      input: csv(),
      map: (row, { emit, side, count }) => {
        if (side.hidden.includes(row["name"] ?? "")) count("hidden");
        else emit(row["id"] ?? "", row["name"] ?? "");
      },
    },
    orders: {
      input: csv(),
      map: (row, { emit }) => emit(row["customer"] ?? "", Number(row["cents"])),
    },
  },
  side: { hidden: sideLines() },
  emits: types<string, string | number>(),
  reduce: cogroup<{ customers: readonly string[]; orders: readonly number[] }>(
    (_id, { customers, orders }, { emit }) => {
      const cents = orders.reduce((sum, each) => sum + each, 0);
      for (const name of customers) emit(name, cents);
    },
  ),
  output: tsv(),
});
