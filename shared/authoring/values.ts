/**
 * A key. All keys of one job are of one kind. Order: strings by code point (lone surrogates by their
 * own value), numbers ascending with -0 equal to 0 and NaN last, bytes as unsigned, shorter first.
 */
export type JobKey = string | number | Uint8Array;

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A value: any JSON value, or bytes. Numbers, strings and bytes travel without JSON. */
export type JobValue = JsonValue | Uint8Array;
