/** How the bytes of an input are compressed, told by the end of its name. */
export type InputCompression = "gzip" | "bzip2" | "zstd";

const extensions: ReadonlyArray<readonly [extension: string, compression: InputCompression]> = [
  [".gz", "gzip"],
  [".bz2", "bzip2"],
  [".zst", "zstd"],
];

/** @returns null for a file that is read as it is */
export function inputCompressionOf(location: string): InputCompression | null {
  for (const [extension, compression] of extensions) {
    if (location.endsWith(extension)) return compression;
  }
  return null;
}
