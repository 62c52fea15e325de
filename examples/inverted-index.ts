import { defineJob, text, tsv } from "millrace";

/** For each word, the number of books that hold it and their names, in order. */
export default defineJob({
  name: "inverted-index",
  params: {
    minLength: { type: "number", default: 1, min: 1, about: "shorter words are left out" },
  },
  input: text(),
  map: (line, { emit, params, source }) => {
    const book = source.location.split("/").at(-1) ?? "";
    for (const word of new Set(line.match(/\p{L}+/gu) ?? [])) {
      if (word.length >= params.minLength) emit(word.toLowerCase(), book);
    }
  },
  combine: (word: string, books: Iterable<string>, { emit }) => {
    for (const book of new Set(books)) emit(word, book);
  },
  reduce: (word: string, books: Iterable<string>, { emit }) => {
    const names = [...new Set(books)].sort();
    emit(word, `${names.length} ${names.join(",")}`);
  },
  output: tsv(),
});
