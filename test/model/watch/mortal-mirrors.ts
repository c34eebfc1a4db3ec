import type { Mirrors } from '../../../src/sync/ports/mirrors.ts';
import type { StoredMirror } from '../../../src/sync/ports/stored-mirror.ts';
import type { FailPoints } from './fail-points.ts';
import { type Method, watched } from './watched.ts';

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
  'noteDoubts',
  'move',
]);
const stores = new Set(['schema', 'contacts', 'journal', 'outbox']);

/** The same where the process can die at the removal or move of a file; all else it meets at its writer. */
export function mortalFiles(mirrors: Mirrors, points: FailPoints): Mirrors {
  const writing = (writes: ReadonlySet<string>) => (name: string, call: Method) =>
    writes.has(name) ? atWrite(call, points) : call;
  const opening = (name: string, call: Method): Method =>
    name === 'open' ? noticedOpening(call, points) : writing(writesOfMirrors)(name, call);
  return watched(mirrors, opening, (name, value) => {
    if (name === 'archives') return watched(value as object, writing(writesOfArchives));
    if (name !== 'copies') return value;
    return watched(value as object, (method, call) =>
      method === 'replaceMirror' ? noticedSwap(call, points) : writing(new Set(['remove']))(method, call),
    );
  });
}

function noticedOpening(call: Method, points: FailPoints): Method {
  return async (...args) => noticedMirror((await call(...args)) as StoredMirror, points);
}

/** The same where each batch that it has stored is noted. Of a copy beside it no other process has heard. */
function noticedMirror(mirror: StoredMirror, points: FailPoints): StoredMirror {
  return watched(mirror, (name, call) => {
    if (name === 'under')
      return async (...args) => noticedMirror((await call(...args)) as StoredMirror, points);
    return name === 'commit' ? noticed(call, points) : call;
  });
}

function noticed(call: Method, points: FailPoints): Method {
  return async (...args) => {
    const outcome = await call(...args);
    points.noteCommit();
    return outcome;
  };
}

/** Whether it came to that before it failed is not known: the cursors may be another mirror's from then on. */
function noticedSwap(call: Method, points: FailPoints): Method {
  const swapping: Method = async (...args) => {
    try {
      return await call(...args);
    } finally {
      points.noteSwap();
    }
  };
  return noticed(swapping, points);
}

/** The same where the process can die at every write, of mirrors that have no writer of their own. */
export function mortalMirrors(mirrors: Mirrors, points: FailPoints): Mirrors {
  const opened = async (mirror: unknown) => mortalMirror((await mirror) as StoredMirror, points);
  const opening = (writes: ReadonlySet<string>) => (name: string, call: Method) => {
    if (name === 'open') return (...args: unknown[]) => opened(call(...args));
    return writes.has(name) ? atWrite(call, points) : call;
  };
  const noticing = (name: string, call: Method): Method => {
    const own = opening(writesOfMirrors)(name, call);
    return name === 'open' ? noticedOpening(own, points) : own;
  };
  return watched(mirrors, noticing, (name, value) => {
    if (name === 'archives') return watched(value as object, opening(writesOfArchives));
    if (name !== 'copies') return value;
    return watched(value as object, (method, call) => {
      const own = opening(new Set(['remove', 'replaceMirror']))(method, call);
      return method === 'replaceMirror' ? noticedSwap(own, points) : own;
    });
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
        ? watched(value as object, (method, call) => {
            if (method === 'openStaging') return async () => mortalStaging((await call()) as object, points);
            return writesOfStores.has(method) ? writing(call) : call;
          })
        : value,
  );
}

/** What is pushed comes into the outbox by the one, and is ended by the other. */
function mortalStaging(staging: object, points: FailPoints): object {
  return watched(staging, (name, call) =>
    name === 'commit' || name === 'end' ? atWrite(call, points) : call,
  );
}
