import { readFileSync } from 'node:fs';

/** From package.json, two folders up both in the source and in what is built of it. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
