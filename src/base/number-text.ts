/**
 * A number as it was written, where a double would not give its digits back: `9007199254740993`, `1.10`, `1e3`.
 * As JSON it is a text, which Salesforce takes for number fields too.
 */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): string {
    return this.text;
  }

  toString(): string {
    return this.text;
  }
}

/** Of newer JavaScript than the compiler's library. Source: ECMAScript proposal "JSON.parse source text access". */
const numbersAsWritten = JSON as unknown as {
  rawJSON(text: string): object;
  parse(
    text: string,
    revive: (name: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
};

/** JSON text of members as they were read: a NumberText stays a number, with all its digits. `membersOfJson` reads it back. */
export function jsonOf(members: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(asWritten(members));
}

/** The members of an object that `jsonOf` wrote. */
export function membersOfJson(text: string): Record<string, unknown> {
  return numbersAsWritten.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? new NumberText(source)
      : value,
  ) as Record<string, unknown>;
}

const asMember = { enumerable: true, configurable: true, writable: true };

/** The value itself where it holds no NumberText, as nearly all do. */
function asWritten(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof NumberText) return numbersAsWritten.rawJSON(value.text);
  if (Array.isArray(value)) return value.map(asWritten);
  let copy: Record<string, unknown> | null = null;
  for (const name in value) {
    const own = (value as Record<string, unknown>)[name];
    if (typeof own !== 'object' || own === null) continue;
    copy ??= { ...value };
    // Not by assignment: a foreign name may be `__proto__`.
    Object.defineProperty(copy, name, { ...asMember, value: asWritten(own) });
  }
  return copy ?? value;
}
