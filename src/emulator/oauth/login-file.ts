import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { RefreshFamilies, StoredFamily } from './refresh-families.ts';
import type { Session, Sessions } from './sessions.ts';

interface StoredLogins {
  orgId: string;
  families: StoredFamily[];
  sessions: (Omit<Session, 'expiresAt'> & { expiresAt: number | null })[];
}

/** Keeps an org's logins beside its state file, so that a restarted emulator still knows its clients. */
export interface LoginFile {
  /** Writes what has changed since the last time; called after every request that may change a login. */
  save(): void;
}

/**
 * Opens the file and takes over what it holds, if it belongs to this org. The tokens in it open this emulator
 * only; all the same nobody else may read it.
 */
export function openLoginFile(
  path: string,
  orgId: string,
  { sessions, families }: { sessions: Sessions; families: RefreshFamilies },
): LoginFile {
  const stored = readStored(path);
  if (stored?.orgId === orgId) {
    families.restore(stored.families);
    sessions.restore(
      stored.sessions.map((s) => ({ ...s, expiresAt: s.expiresAt ?? Number.POSITIVE_INFINITY })),
    );
  }
  let written = '';
  return {
    save() {
      // JSON has no infinity: a session without a timeout is stored with null.
      const text = JSON.stringify({ orgId, families: families.stored(), sessions: sessions.stored() });
      if (text === written) return;
      const fresh = `${path}.new`;
      // A file that is there already would keep its own mode.
      rmSync(fresh, { force: true });
      try {
        writeFileSync(fresh, text, { mode: 0o600, flag: 'wx' });
        renameSync(fresh, path);
      } catch (error) {
        rmSync(fresh, { force: true });
        throw error;
      }
      written = text;
    },
  };
}

function readStored(path: string): StoredLogins | undefined {
  try {
    const stored: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isStoredLogins(stored) ? stored : undefined;
  } catch {
    // No file, or none of ours: then nobody is logged in.
    return undefined;
  }
}

/** Enough to know a file that this program did not write. */
function isStoredLogins(value: unknown): value is StoredLogins {
  const { families, sessions } = (value ?? {}) as Partial<Record<keyof StoredLogins, unknown>>;
  const all = (list: unknown, test: (item: Record<string, unknown>) => boolean) =>
    Array.isArray(list) && list.every((item) => typeof item === 'object' && item !== null && test(item));
  return (
    all(families, ({ id, tokens }) => typeof id === 'string' && Array.isArray(tokens)) &&
    all(sessions, ({ token, scopes }) => typeof token === 'string' && Array.isArray(scopes))
  );
}
