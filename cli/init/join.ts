import { newFile, type Template } from "./template.js";

/** Two inputs by name. */
export const join: Template = {
  about: "Joins two CSV files: two inputs, each by its name.",
  inputs: (name) =>
    `--input orders=input/${name}-orders.csv --input customers=input/${name}-customers.csv`,
  files: (name) => [
    newFile(`${name}.ts`, jobLines(name)),
    newFile(`${name}.test.ts`, testLines(name)),
    newFile(`input/${name}-orders.csv`, [
      "id,customer,cents",
      "o1,c1,1250",
      "o2,c2,300",
      "o3,c1,75",
    ]),
    newFile(`input/${name}-customers.csv`, ["id,name", "c1,Ada", "c2,Grace", "c3,Edsger"]),
  ],
};

const jobLines = (name: string): string[] => [
  'import { csv, defineJob, join, tsv, types } from "millrace";',
  "",
  "export default defineJob({",
  `  name: "${name}",`,
  '  about: "The name of the customer beside each order.",',
  "  // The larger one second: it streams, while the first one's values of a key are in memory.",
  "  inputs: {",
  "    customers: {",
  "      input: csv(),",
  '      map: (row, { emit }) => emit(row.id ?? "", row.name ?? ""),',
  "    },",
  "    orders: {",
  "      input: csv(),",
  '      map: (row, { emit }) => emit(row.customer ?? "", [row.id ?? "", Number(row.cents)]),',
  "    },",
  "  },",
  "  emits: types<string, string | readonly [string, number]>(),",
  "  // Called for every order, with null where there is no such customer.",
  '  reduce: join<string, readonly [string, number]>("right", (_id, name, [order, cents], { emit }) =>',
  "    emit(order, { name, cents }),",
  "  ),",
  "  output: tsv(),",
  "});",
];

const testLines = (name: string): string[] => [
  'import { testJob } from "millrace/testing";',
  'import { expect, it } from "vitest";',
  `import job from "./${name}.js";`,
  "",
  'it("puts the name of the customer beside each order", async () => {',
  "  const { records } = await testJob(job, {",
  "    input: {",
  '      customers: "id,name\\nc1,Ada\\n",',
  '      orders: "id,customer,cents\\no1,c1,100\\no2,c9,5\\n",',
  "    },",
  "    reducers: 1,",
  "  });",
  "  expect(records).toEqual([",
  '    { key: "o1", value: { name: "Ada", cents: 100 } },',
  '    { key: "o2", value: { name: null, cents: 5 } },',
  "  ]);",
  "});",
];
