/** What a line on standard error asks for, by Hadoop Streaming's convention. */
export type Report =
  | { readonly kind: "counter"; readonly name: string; readonly amount: number }
  | { readonly kind: "status"; readonly text: string }
  | { readonly kind: "unreadable" };

const prefix = "reporter:";
const counterPrefix = "reporter:counter:";
const statusPrefix = "reporter:status:";

/**
 * Reads `reporter:counter:GROUP,NAME,AMOUNT` and `reporter:status:TEXT`.
 * @returns null for a line that is no report
 */
export function readReport(line: string): Report | null {
  if (!line.startsWith(prefix)) return null;
  if (line.startsWith(statusPrefix)) {
    return { kind: "status", text: line.slice(statusPrefix.length).trim() };
  }
  if (!line.startsWith(counterPrefix)) return { kind: "unreadable" };
  const [group = "", name = "", amount = "", ...more] = line
    .slice(counterPrefix.length)
    .split(",")
    .map((each) => each.trim());
  const isReadable = group !== "" && name !== "" && /^[+-]?\d{1,15}$/.test(amount);
  if (more.length > 0 || !isReadable) return { kind: "unreadable" };
  return { kind: "counter", name: `${group}.${name}`, amount: Number(amount) };
}
