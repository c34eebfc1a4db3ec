import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hostKeyOf } from '../../org/instance-url.ts';

/** `<folder>/<host>.db`, with `_<port>` where the URL gives a port. */
export function mirrorPath(folder: string, instanceUrl: string): string {
  return join(folder, `${hostKeyOf(instanceUrl)}.db`);
}

/** As commands take it: the host, with its port where the URL gives one. */
export function orgOfMirror(path: string): string {
  return basename(path)
    .replace(/\.db(\.fresh)?$/, '')
    .replace('_', ':');
}

/** That of the copy beside it. Not `….db`: a program that reads all mirrors of the folder shall not take half a copy for one. */
export function copyPath(path: string): string {
  return `${path}.fresh`;
}

/** Whether an org's mirror lies in the folder, archives apart; false where that cannot be told. */
export function holdsMirrors(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => name.endsWith('.db') && !name.endsWith('.archived.db'));
  } catch {
    return false;
  }
}
