export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

/** A table for a terminal: two spaces between columns, a rule below the head. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...rows.map((row) => (row[index] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, index) => {
        const cell = cells[index] ?? "";
        const width = widths[index] ?? 0;
        return column.align === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd();
  const head = line(columns.map((column) => column.title));
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [head, rule, ...rows.map(line)].map((text) => `${text}\n`).join("");
}

/** Three significant digits at least below 100, none lost above. */
export function formatNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

export function formatMegabytes(bytes: number | null): string {
  return bytes === null ? "-" : Math.round(bytes / 1e6).toLocaleString("en-US");
}
