export interface FieldFault {
  /** Stable upper-case word. */
  code: string;
  message: string;
}

/** A value as it is sent, or what is wrong with it. */
export type Typed = { value: unknown } | { fault: FieldFault };

export function wrong(message: string): Typed {
  return { fault: { code: 'WRONG_TYPE', message } };
}

/** More of a value would bury the message. */
const quotedCharacters = 80;

/** A value as a message shows it. */
export function quoted(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > quotedCharacters ? `${text.slice(0, quotedCharacters)}…` : text;
}
