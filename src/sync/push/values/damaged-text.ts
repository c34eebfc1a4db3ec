import type { Field } from '../../ports/field.ts';
import { type FieldFault, quoted } from './typed.ts';

/** What a decoder puts in the place of bytes that it does not know: the character is gone. */
export function isDamaged(value: unknown): value is string {
  return typeof value === 'string' && value.includes('\ufffd');
}

export function damage({ name }: Field, value: string): FieldFault {
  const at = value.indexOf('\ufffd');
  const around = value.slice(Math.max(0, at - 20), at + 21);
  const message = `${name} has lost a character, which U+FFFD stands for in ${quoted(around)}: the file was read in a wrong encoding before. Export it anew as UTF-8, or say --allow-damaged.`;
  return { code: 'DAMAGED_TEXT', message };
}
