import { defineJob, plainLines, program, text } from "millrace";

const env = { LC_ALL: "C" };

/**
 * Word count by mawk: the mapper counts the words of its split in an array and writes them at its end,
 * the reducer adds up what stands beside each other.
 */
export default defineJob({
  name: "streaming",
  input: text(),
  map: program(
    "mawk '{ $0 = tolower($0); for (i = 1; i <= NF; i++) n[$i]++ } " +
      'END { for (w in n) print w "\\t" n[w] }\'',
    { env },
  ),
  reduce: program(
    'mawk -F "\\t" \'$1 != w { if (NR > 1) print w "\\t" n; w = $1; n = 0 } { n += $2 } ' +
      'END { if (NR > 0) print w "\\t" n }\'',
    { env },
  ),
  output: plainLines(),
});
