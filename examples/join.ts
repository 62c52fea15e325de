import { csv, defineJob, join } from "millrace";

/** Every invoice with the name and country of its customer: two CSV files joined by the customer's id. */
export default defineJob({
  name: "join",
  inputs: {
    customers: {
      input: csv(),
      map: ({ id = "", first, last, country }, { emit }) =>
        emit(id, `${first} ${last}, ${country}`),
    },
    invoices: {
      input: csv(),
      map: ({ customer = "", id, date, total }, { emit }) => {
        emit(customer, { invoice: Number(id), date: date ?? "", total: Number(total) });
      },
    },
  },
  reduce: join<string, { invoice: number; date: string; total: number }>(
    "inner",
    (_id, customer, { invoice, date, total }, { emit }) => {
      emit(String(invoice), [date, total, customer]);
    },
  ),
  output: csv({ header: ["invoice", "date", "total", "customer"] }),
});
