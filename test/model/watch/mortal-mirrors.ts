import type { Mirrors } from '../../../src/sync/ports/mirrors.ts';
import type { StoredMirror } from '../../../src/sync/ports/stored-mirror.ts';
import type { FailPoints } from './fail-points.ts';

/** Files that are moved and removed as a whole. */
const writesOfMirrors = new Set(['archive', 'removeArchive', 'removeCopy', 'move', 'remove']);
const writesOfMirror = new Set(['commit', 'under', 'setIdentity', 'forgetFormerCalls', 'extendSearchIndex']);
/** Of the stores that a mirror is made of. */
const writesOfStores = new Set([
  'confirmDescribe',
  'applyDescribe',
  'ensureIndices',
  'startRun',
  'add',
  'markSent',
  'settle',
  'move',
]);
const stores = new Set(['schema', 'contacts', 'journal', 'outbox']);

type Method = (...args: unknown[]) => unknown;

/** The same where the process can die at the removal or move of a file; all else it meets at its writer. */
export function mortalFiles(mirrors: Mirrors, points: FailPoints): Mirrors {
  return watched(mirrors, (name, call) =>
    writesOfMirrors.has(name) ? (...args) => points.around('write', () => call(...args)) : call,
  );
}

/** The same where the process can die at every write, of mirrors that have no writer of their own. */
export function mortalMirrors(mirrors: Mirrors, points: FailPoints): Mirrors {
  const opened = async (mirror: unknown) => mortalMirror((await mirror) as StoredMirror, points);
  return watched(mirrors, (name, call) => {
    if (name === 'open' || name === 'openCopy') return (...args) => opened(call(...args));
    const isWrite = writesOfMirrors.has(name) || name === 'replaceByCopy';
    return isWrite ? (...args) => points.around('write', () => call(...args)) : call;
  });
}

function mortalMirror(mirror: StoredMirror, points: FailPoints): StoredMirror {
  const writing =
    (call: Method): Method =>
    (...args) =>
      points.around('write', () => call(...args));
  return watched(
    mirror,
    (name, call) => {
      if (!writesOfMirror.has(name)) return call;
      if (name !== 'under') return writing(call);
      return async (...args) => mortalMirror((await writing(call)(...args)) as StoredMirror, points);
    },
    (name, value) =>
      stores.has(name)
        ? watched(value as object, (method, call) => (writesOfStores.has(method) ? writing(call) : call))
        : value,
  );
}

/** `target` with other methods, and other values in place of its properties. */
function watched<T extends object>(
  target: T,
  method: (name: string, call: Method) => Method,
  property: (name: string, value: unknown) => unknown = (_, value) => value,
): T {
  return new Proxy(target, {
    get(_target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return property(String(key), value);
      // Not what `bind` gives: V8 takes no such function for one that `await using` may call.
      return method(String(key), (...args) => Reflect.apply(value, target, args));
    },
  });
}
