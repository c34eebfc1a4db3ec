import type { Mirrors } from '../../../src/sync/ports/mirrors.ts';
import type { StoredMirror } from '../../../src/sync/ports/stored-mirror.ts';
import type { FailPoints } from './fail-points.ts';

/** Files that are moved and removed as a whole. */
const writesOfMirrors = new Set(['move', 'remove']);
const writesOfArchives = new Set(['add', 'remove']);
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
  const writing = (writes: ReadonlySet<string>) => (name: string, call: Method) =>
    writes.has(name) ? atWrite(call, points) : call;
  return watched(mirrors, writing(writesOfMirrors), (name, value) => {
    if (name === 'archives') return watched(value as object, writing(writesOfArchives));
    return name === 'copies' ? watched(value as object, writing(new Set(['remove']))) : value;
  });
}

/** The same where the process can die at every write, of mirrors that have no writer of their own. */
export function mortalMirrors(mirrors: Mirrors, points: FailPoints): Mirrors {
  const opened = async (mirror: unknown) => mortalMirror((await mirror) as StoredMirror, points);
  const opening = (writes: ReadonlySet<string>) => (name: string, call: Method) => {
    if (name === 'open') return (...args: unknown[]) => opened(call(...args));
    return writes.has(name) ? atWrite(call, points) : call;
  };
  return watched(mirrors, opening(writesOfMirrors), (name, value) => {
    if (name === 'archives') return watched(value as object, opening(writesOfArchives));
    return name === 'copies'
      ? watched(value as object, opening(new Set(['remove', 'replaceMirror'])))
      : value;
  });
}

function atWrite(call: Method, points: FailPoints): Method {
  return (...args) => points.around('write', () => call(...args));
}

function mortalMirror(mirror: StoredMirror, points: FailPoints): StoredMirror {
  const writing = (call: Method) => atWrite(call, points);
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
