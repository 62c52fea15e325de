/** Freezes a JSON value with all that is in it; it is walked without recursion, as it may be deep. */
export function deepFreeze<Value>(value: Value): Value {
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const present = waiting.pop();
    // Bytes cannot be frozen.
    if (typeof present !== "object" || present === null || present instanceof Uint8Array) continue;
    Object.freeze(present);
    for (const inner of Object.values(present)) if (typeof inner === "object") waiting.push(inner);
  }
  return value;
}

/** A map that nobody changes any more: what would change it throws. */
export function freezeMap<Key, Value>(map: Map<Key, Value>): ReadonlyMap<Key, Value> {
  const refuse = (): never => {
    throw new TypeError("a side input cannot be changed");
  };
  for (const name of ["set", "delete", "clear"]) {
    Object.defineProperty(map, name, { value: refuse });
  }
  return Object.freeze(map);
}
