import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import envPaths from 'env-paths';

export interface OwnFolders {
  data: string;
  /** May be emptied at any time. */
  cache: string;
}

/**
 * This program's folders by the platform's custom (XDG on Linux). Absolute: a relative XDG variable is ignored, as the XDG
 * Base Directory Specification asks for, else each working folder would have data of its own.
 */
export function ownFolders(): OwnFolders {
  const { data, cache } = envPaths('parahack-sync', { suffix: '' });
  return {
    data: isAbsolute(data) ? data : inHome('.local', 'share'),
    cache: isAbsolute(cache) ? cache : inHome('.cache'),
  };
}

function inHome(...folders: readonly string[]): string {
  return resolve(join(homedir(), ...folders, 'parahack-sync'));
}
