/** What the kernel offers; see `tables.ts` for how it is built. */
export {
  chunksOf,
  clear,
  exceptionsStart,
  foldAll,
  inputBytes,
  inputStart,
  reset,
  stagingBytes,
  stagingStart,
  takeStaged,
  usedBytes,
} from "./tables";
export { exceptionCount, lineFeeds, recordCount, resetWords, words } from "./words";
