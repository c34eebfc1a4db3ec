import type { Storage } from '../engine/storage.ts';
import type { KeptAnswers } from './org.ts';

/** UI API: "When the idempotency key expires after 30 days, the cached record … is deleted." */
const KEPT_MS = 30 * 86_400_000;

/** Answers beside the rows that they speak of, so that a state file has both or neither. */
export function createKeptAnswers(storage: Storage, now: () => number): KeptAnswers {
  return {
    find(userId, key) {
      return storage.get('select fingerprint, answer from _answer where user = ? and key = ? and at_ms > ?', [
        userId,
        key,
        now() - KEPT_MS,
      ]);
    },
    keep(userId, key, { fingerprint, answer }) {
      storage.run('delete from _answer where at_ms <= ?', [now() - KEPT_MS]);
      storage.run('insert into _answer (user, key, fingerprint, at_ms, answer) values (?, ?, ?, ?, ?)', [
        userId,
        key,
        fingerprint,
        now(),
        answer,
      ]);
    },
  };
}
