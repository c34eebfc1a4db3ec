import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import envPaths from 'env-paths';
import { AppError } from '../base/errors.ts';

export interface OwnFolders {
  data: string;
  /** May be emptied at any time. */
  cache: string;
}

/**
 * This program's folders by the platform's custom (XDG on Linux). Absolute: a relative XDG variable is ignored, as the XDG
 * Base Directory Specification asks for, and so is a HOME that is empty or relative, else each working folder would have
 * data of its own.
 */
export function ownFolders(): OwnFolders {
  const { data, cache } = envPaths('parahack-sync', { suffix: '' });
  return {
    data: isAbsolute(data) ? data : inHome('.local', 'share'),
    cache: isAbsolute(cache) ? cache : inHome('.cache'),
  };
}

function inHome(...folders: readonly string[]): string {
  const named = homedir();
  return join(isAbsolute(named) ? named : homeOfUser(), ...folders, 'parahack-sync');
}

/** What the system knows, whatever the environment says; a container's user may have none. */
function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch (error) {
    throw new AppError('INVALID_INPUT', 'This user has no home folder for the data to lie in.', {
      hint: 'Name a folder: --data-dir, or PARAHACK_SYNC_DATA_DIR.',
      cause: error,
    });
  }
}
