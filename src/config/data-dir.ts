import { resolve } from 'node:path';
import { type Environment, readVariable } from './environment.ts';
import { ownFolders } from './own-folders.ts';

/** `--data-dir`, else PARAHACK_SYNC_DATA_DIR, else the platform's data folder (XDG on Linux). Absolute. */
export function readDataDir(flag: string | undefined, env: Environment, cwd: string): string {
  const named = flag ?? readVariable(env, 'PARAHACK_SYNC_DATA_DIR');
  return named === null ? ownFolders().data : resolve(cwd, named);
}
