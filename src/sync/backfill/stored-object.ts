import { AppError } from '../../base/errors.ts';
import { parseTime } from '../../base/iso-time.ts';

/**
 * An object that an earlier process stored, read member by member: what a crash, a repair by hand or another version
 * left there is no promise. Each member that is not of its kind throws `PROGRESS_UNREADABLE`.
 */
export class StoredObject {
  readonly #members: Readonly<Record<string, unknown>>;
  /** What it is, for people: `chunk 12`. */
  readonly #what: string;

  constructor(value: unknown, what: string) {
    this.#what = what;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw progressUnreadable(`${what} is no object`);
    }
    this.#members = { ...value };
  }

  has(name: string): boolean {
    return this.#members[name] !== undefined;
  }

  isNull(name: string): boolean {
    return this.#members[name] === null;
  }

  text(name: string): string {
    const value = this.#members[name];
    return typeof value === 'string' && value !== '' ? value : this.#refuse(name);
  }

  textOrNull(name: string): string | null {
    return this.isNull(name) ? null : this.text(name);
  }

  /** A time as ISO text; null where an end is open. */
  timeOrNull(name: string): string | null {
    const text = this.textOrNull(name);
    return text === null || parseTime(text) !== null ? text : this.#refuse(name);
  }

  /** Finite and not negative. */
  number(name: string): number {
    const value = this.#members[name];
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : this.#refuse(name);
  }

  isTrue(name: string): boolean {
    const value = this.#members[name];
    return value === undefined || typeof value === 'boolean' ? value === true : this.#refuse(name);
  }

  oneOf<T extends string>(name: string, ...values: readonly T[]): T {
    return values.find((value) => value === this.#members[name]) ?? this.#refuse(name);
  }

  texts(name: string): string[] {
    const value = this.#members[name];
    return Array.isArray(value) && value.every((text) => typeof text === 'string')
      ? value
      : this.#refuse(name);
  }

  #refuse(name: string): never {
    const damage = this.has(name) ? `has a strange ${name}` : `has no ${name}`;
    throw progressUnreadable(`${this.#what} ${damage}`);
  }
}

const startOver =
  '`parahack-sync backfill --fresh` starts over; the mirror stays as it is until the new copy is complete.';

function progressUnreadable(damage: string): AppError {
  return new AppError('PROGRESS_UNREADABLE', `The interrupted backfill cannot go on: ${damage}.`, {
    hint: startOver,
  });
}

export function progressOfOtherVersion(what: string): AppError {
  return new AppError(
    'PROGRESS_UNREADABLE',
    `The interrupted backfill cannot go on: ${what} was stored by another version of this tool.`,
    { hint: `Go on with that version, or start over: ${startOver}` },
  );
}
