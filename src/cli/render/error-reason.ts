import type { PushError } from '../../contract/push.ts';

/** An error in one line, with who the contacts are that a record is a duplicate of. */
export function errorReason({ code, message, duplicates }: PushError): string {
  const known = duplicates.flatMap(({ id, name, email }) => {
    const who = name !== null && email !== null ? `${name} <${email}>` : (name ?? email);
    return who === null ? [] : [`${id} is ${who}`];
  });
  return [`${code}: ${message}`, ...known].join('; ');
}
