import type { RecordNote } from '../../app/contract/push.ts';

/** A record that says itself that it is no contact. */
export function otherObject(type: string, where: string): RecordNote | null {
  if (type === '' || type.toLowerCase() === 'contact') return null;
  return {
    field: where,
    code: 'NOT_A_CONTACT',
    message: `the record says to be of ${type.slice(0, 80)}, and only contacts can be pushed.`,
  };
}

/** Two columns or members that `--map` reads as one field, both with a value. */
export function twoValues(field: string): RecordNote {
  return {
    field,
    code: 'GIVEN_TWICE',
    message: `${field} is given by two columns that are mapped to it, with different values.`,
  };
}
