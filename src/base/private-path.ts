import { chmodSync, lstatSync, type Stats, statSync } from 'node:fs';

/** Why others may do with a file or folder of ours what only we may. */
export interface Exposure {
  path: string;
  /** One sentence without its full stop. */
  what: string;
  /** A command for the user. */
  mend: string;
  /** We own it, so that taking the right away is ours to do. */
  isOurs: boolean;
}

const writableByOthers = 0o022;
const forOthers = 0o077;
const sticky = 0o1000;

/**
 * Looks at owner and mode, as ssh does with its own files: `write` where others must not change what lies in a folder,
 * `any` where they must not read it either. Null where all is well, where there is nothing, and on Windows, whose
 * access lists decide there. A link counts with whoever made it.
 */
export function exposureOf(path: string, others: 'write' | 'any'): Exposure | null {
  const uid = process.getuid?.();
  if (uid === undefined) return null;
  const link = looked(() => lstatSync(path));
  if (link?.isSymbolicLink() && link.uid !== uid && link.uid !== 0) {
    const what = `${path} is a link that another user has made`;
    return { path, what, mend: `Name the folder itself, or make the link anew as this user.`, isOurs: false };
  }
  const found = looked(() => statSync(path));
  if (found === undefined) return null;
  const mask = others === 'write' ? writableByOthers : forOthers;
  if ((found.mode & mask) === 0 || isRootsOwn(found, uid)) return null;
  const right = (found.mode & writableByOthers) !== 0 ? 'change' : 'read';
  return {
    path,
    what: `Other users may ${right} ${path} (mode ${(found.mode & 0o777).toString(8)})`,
    mend: `Run: chmod ${others === 'write' ? 'go-w' : 'go-rwx'} ${path}`,
    isOurs: found.uid === uid,
  };
}

/** What cannot be looked at cannot be used either: whoever opens it tells why. */
function looked(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** A volume that root has set up for a group, or a shared folder where none may touch another's files. */
function isRootsOwn({ mode, uid }: Stats, us: number): boolean {
  if (uid !== 0 || us === 0) return false;
  return (mode & 0o002) === 0 || (mode & sticky) !== 0;
}

/** Takes from others what they must not have. Throws the system's error. */
export function makePrivate({ path }: Exposure, others: 'write' | 'any'): void {
  chmodSync(path, statSync(path).mode & ~(others === 'write' ? writableByOthers : forOthers) & 0o7777);
}
