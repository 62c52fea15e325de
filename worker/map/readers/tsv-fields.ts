const unescaped: Readonly<Record<string, string>> = {
  "\\\\": "\\",
  "\\t": "\t",
  "\\n": "\n",
  "\\r": "\r",
};

/**
 * The fields of a line, parted by tabs.
 * @param escapes whether `\\ \t \n \r` stand for backslash, tab, LF and CR; other backslashes stay
 */
export function tsvFields(line: string, escapes: boolean): string[] {
  const fields = line.split("\t");
  if (!escapes || !line.includes("\\")) return fields;
  return fields.map((field) =>
    field.replace(/\\[\\tnr]/g, (escape) => unescaped[escape] ?? escape),
  );
}
