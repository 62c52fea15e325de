import { defineJob, former, sum, text, tsv, types } from "millrace";

type Share = { book: string; share: number };

/**
 * TF-IDF: the words that tell a book from the others. How often a word occurs in a book, as a share of the
 * book's words, times the logarithm of the number of books over the number of those that hold the word.
 */
export default defineJob({
  name: "tf-idf",
  params: {
    books: { type: "number", default: 8, min: 1, about: "how many books there are" },
    top: { type: "number", default: 20, min: 1, about: "words kept of each book" },
  },
  steps: (step) => [
    step({
      name: "count",
      input: text(),
      map: (line, { emit, source }) => {
        const book = source.location.split("/").at(-1) ?? "";
        for (const word of line.match(/\p{L}+/gu) ?? []) emit(`${book}/${word.toLowerCase()}`, 1);
      },
      reduce: sum(),
    }),
    step({
      name: "share",
      input: former<string, number>(),
      emits: types<string, [word: string, count: number]>(),
      map: ({ key, value }, { emit }) => {
        const [book = "", word = ""] = key.split("/");
        emit(book, [word, value]);
      },
      reduce: (book, words, { emit }) => {
        const counts = [...words];
        const total = counts.reduce((before, [, count]) => before + count, 0);
        for (const [word, count] of counts) emit(word, { book, share: count / total });
      },
    }),
    step({
      name: "weigh",
      input: former<string, Share>(),
      emits: types<string, Share>(),
      map: ({ key, value }, { emit }) => emit(key, value),
      reduce: (word, shares, { emit, params }) => {
        const books = [...shares];
        const weight = Math.log(params.books / books.length);
        if (weight <= 0) return;
        for (const { book, share } of books) emit(book, [share * weight, word]);
      },
    }),
    step({
      name: "top",
      input: former<string, [number, string]>(),
      emits: types<string, [weight: number, word: string]>(),
      map: ({ key, value }, { emit }) => emit(key, value),
      sortValues: "descending",
      reduce: (book, weighed, { emit, params }) => {
        let left = params.top;
        for (const [weight, word] of weighed) {
          if (left-- <= 0) break;
          emit(book, [word, Number(weight.toFixed(6))]);
        }
      },
    }),
  ],
  output: tsv(),
});
