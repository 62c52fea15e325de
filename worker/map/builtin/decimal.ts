const minus = 45;
const plus = 43;
/** Whole numbers of so many digits are exact as doubles. */
const exactDigits = 15;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The decimal number that `bytes[start, end)` are, with sign, fraction and exponent: what `Number` makes
 * of them. NaN for anything else, also for nothing and for spaces.
 */
export function readDecimal(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start];
  let at = first === minus || first === plus ? start + 1 : start;
  if (at >= end || end - at > exactDigits) return readAny(bytes, start, end);
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return readAny(bytes, start, end);
    value = value * 10 + digit;
  }
  return first === minus ? -value : value;
}

function readAny(bytes: Buffer, start: number, end: number): number {
  if (end - start > 400) return Number.NaN;
  return decimalOf(bytes.latin1Slice(start, end));
}

/** The same of a text. */
export function decimalOf(text: string): number {
  return decimal.test(text) ? Number(text) : Number.NaN;
}
