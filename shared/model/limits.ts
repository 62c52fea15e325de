/** Bounds that are part of formats and interfaces. Settings that operators change live in `shared/config`. */
export const limits = {
  /** One key or value; a record must fit in a slot's memory several times over. */
  recordBytesMax: 64 * 1024 * 1024,
  /** Folders that one attempt writes to; each has a file open and a buffer. */
  foldersMax: 1_000,
  /** With the one of the main output. */
  attemptPartsMax: 1_001,
  /** Levels of folders that `partitionBy` may name. */
  folderLevelsMax: 8,
  /** `name=value`, encoded; file systems take 255. */
  folderLevelBytesMax: 200,
  /** Eight levels with the slashes between them. */
  folderCharsMax: 1_607,
  partitionsMax: 100_000,
  /** One task a split; a million tasks is what the scheduler is sized for. */
  tasksMax: 1_000_000,
  /** Short attempts that may wait at a worker for each of its slots. */
  attemptsAheadMax: 16,
  splitBytesMax: 16 * 1024 ** 3,
  /** Side inputs of a step together: each slot's thread holds them. */
  sideBytesMax: 256 * 1024 * 1024,
  inputsMax: 10_000,
  locationCharsMax: 4_096,
  /** A bundle is source code; more than this is data that should be an input. */
  bundleBytesMax: 32 * 1024 * 1024,
  /** Distinct user counters of one job. */
  countersMax: 1_000,
  counterNameCharsMax: 200,
  /** Lines of an attempt's log that a failure carries. */
  failureLogLines: 20,
  failureTextCharsMax: 4_000,
} as const;
