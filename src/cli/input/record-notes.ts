import type { RecordNote } from '../../contract/push.ts';

/** Of a foreign name in a message. */
const shownCharacters = 80;

/** A record that says itself that it is no contact. */
export function otherObject(type: string, where: string): RecordNote | null {
  if (type === '' || type.toLowerCase() === 'contact') return null;
  return {
    field: where,
    code: 'NOT_A_CONTACT',
    message: `the record says to be of ${type.slice(0, shownCharacters)}, and only contacts can be pushed.`,
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

interface Place {
  line: number;
  column: number;
}

/** A name that one JSON object has twice. */
export function namedTwice(name: string, first: Place, second: Place): RecordNote {
  const shown = name.slice(0, shownCharacters);
  const [one, two] = [first, second].map(({ line, column }) => `at line ${line}, column ${column}`);
  return { field: shown, code: 'GIVEN_TWICE', message: `"${shown}" is given twice: ${one}, and ${two}.` };
}
