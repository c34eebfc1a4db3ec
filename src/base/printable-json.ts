/**
 * `value` as JSON that is safe on a terminal: what JSON itself lets through but a terminal acts upon or hides
 * (DEL, C1, line separators, bidirectional controls, invisible characters) stands as `\uXXXX`, which reads back
 * as the same value.
 */
export function printableJson(value: unknown, space?: number): string {
  return escapedJson(JSON.stringify(value, null, space));
}

/** The same for a text that is JSON already. */
export function escapedJson(json: string): string {
  return json.replace(unsafe, (character) => {
    let escaped = '';
    for (let at = 0; at < character.length; at++) {
      escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
    }
    return escaped;
  });
}

const unsafe = /[\x7f-\x9f\u2028\u2029\ufff9-\ufffb\p{Default_Ignorable_Code_Point}]/gu;
