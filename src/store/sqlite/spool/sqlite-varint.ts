/** Writes SQLite's big-endian base-128 varint so that it ends before `at`; returns where it begins. */
export function writeVarintBefore(target: Uint8Array, at: number, value: number): number {
  let p = at;
  target[--p] = value & 127;
  for (let rest = value >>> 7; rest !== 0; rest >>>= 7) target[--p] = 128 | (rest & 127);
  return p;
}

/** Bytes that `value` (below 2^31) takes as a varint. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest !== 0; rest >>>= 7) bytes++;
  return bytes;
}
