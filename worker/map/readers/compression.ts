import { inputCompressionOf } from "#shared/model/compression";
import type { InputRange } from "#shared/model/split";
import { PlainFeed, type BlockFeed, type Place, type StartByte } from "./block-feed.js";
import { DecodedFeed } from "./decoded-feed.js";
import { GzipFeed } from "./gzip-feed.js";

/** Compressed inputs are told by their name; they are read whole. */
export function isCompressed(location: string): boolean {
  return inputCompressionOf(location) !== null;
}

/**
 * The bytes of a range, decompressed if need be.
 * @param startByte where to begin in an object that is not compressed
 */
export function openFeed(
  place: Place,
  range: InputRange,
  startByte: StartByte,
  blockBytes: number,
): BlockFeed {
  const compression = inputCompressionOf(range.location);
  switch (compression) {
    case "gzip":
      return new GzipFeed(place, range, blockBytes);
    case "bzip2":
      return new DecodedFeed(place, range, blockBytes, compression, async () => {
        const { Bzip2Decoder } = await import("./bzip2-decoder.js");
        return new Bzip2Decoder();
      });
    case "zstd":
      return new DecodedFeed(place, range, blockBytes, compression, async () => {
        const { ZstdDecoder } = await import("./zstd-decoder.js");
        return ZstdDecoder.make();
      });
    default:
      return new PlainFeed(place, range, startByte, blockBytes);
  }
}
