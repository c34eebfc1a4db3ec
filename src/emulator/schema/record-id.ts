const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECK = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const NUMBER_DIGITS = 9;

/**
 * The three characters that make a case-sensitive id of 15 characters safe where case is lost: each encodes which
 * of five characters are upper case, the first of them as the lowest bit (help article "18-character ids").
 */
export function checksum(id15: string): string {
  let suffix = '';
  for (let group = 0; group < 3; group++) {
    let bits = 0;
    for (let at = 0; at < 5; at++) {
      const code = id15.charCodeAt(group * 5 + at);
      if (code >= 65 && code <= 90) bits |= 1 << at;
    }
    suffix += CHECK[bits];
  }
  return suffix;
}

/**
 * Ids of one org: key prefix (3), instance (2), a reserved 0, and the row's number in nine digits of base 62, whose
 * order is that of the characters, so that ids sort as their numbers do.
 */
export class RecordIds {
  readonly instance: string;
  readonly #orgId: string | undefined;

  /** `orgId`, 18 characters, is the id of the one row of Organization, where it does not follow from the number. */
  constructor(seed: number, orgId?: string) {
    this.#orgId = orgId;
    const mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
    // Letters only after the prefix: real instances never look like a number either.
    this.instance = BASE62[10 + (mixed % 52)]! + BASE62[(mixed >>> 8) % 62]!;
  }

  make(keyPrefix: string, number: number): string {
    if (number === 1 && keyPrefix === '00D' && this.#orgId !== undefined) return this.#orgId;
    let digits = '';
    for (let rest = number; rest > 0; rest = Math.floor(rest / 62)) digits = BASE62[rest % 62] + digits;
    const id15 = `${keyPrefix}${this.instance}0${digits.padStart(NUMBER_DIGITS, '0')}`;
    return id15 + checksum(id15);
  }

  /** The number of an id of this org; undefined for one that this org cannot have given. */
  numberOf(id: string): number | undefined {
    if (this.#orgId !== undefined && id.startsWith('00D')) return id === this.#orgId ? 1 : undefined;
    if (id.slice(3, 5) !== this.instance || id[5] !== '0') return undefined;
    let number = 0;
    for (let at = 6; at < 15; at++) number = number * 62 + BASE62.indexOf(id[at]!);
    return number;
  }
}

/**
 * The 18 characters of an id given with 15 or 18, undefined where it is malformed. The case of an 18-character id is
 * mended from its checksum, as Salesforce does for ids that went through a case-insensitive program.
 */
export function normalizeId(id: string): string | undefined {
  if (id.length === 15) return /^[0-9A-Za-z]{15}$/.test(id) ? id + checksum(id) : undefined;
  if (id.length !== 18 || !/^[0-9A-Za-z]{15}[A-Za-z0-5]{3}$/.test(id)) return undefined;
  if (checksum(id) === id.slice(15)) return id;
  const suffix = id.slice(15).toUpperCase();
  let mended = '';
  for (let at = 0; at < 15; at++) {
    const bits = CHECK.indexOf(suffix[Math.floor(at / 5)]!);
    const upper = (bits >> (at % 5)) & 1;
    const char = id[at]!;
    mended += upper ? char.toUpperCase() : char.toLowerCase();
  }
  return checksum(mended) === suffix ? mended + suffix : undefined;
}
