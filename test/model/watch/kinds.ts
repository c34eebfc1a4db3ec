import type { ActKind } from './acts.ts';
import type { Job } from './steps.ts';

const acts = {
  create: true,
  edit: true,
  delete: true,
  undelete: true,
  merge: true,
  purge: true,
  'delete-and-purge': true,
  hide: true,
  show: true,
  'hide-all': true,
  'rename-account': true,
  'add-field': true,
  'remove-field': true,
  'change-type': true,
  'hide-field': true,
  'show-field': true,
  'open-transaction': true,
  commit: true,
  lag: true,
  limit: true,
  'slow-jobs': true,
  'busy-org': true,
  'forget-deletes': true,
  pass: true,
} as const satisfies Record<ActKind, true>;

const jobs = {
  cycle: true,
  watch: true,
  reconcile: true,
  'dry run': true,
  copy: true,
  'fresh copy': true,
} as const satisfies Record<Job['job'], true>;

/** All that happens in histories, and is counted where it does. */
export const kinds: readonly string[] = [
  ...Object.keys(acts),
  ...Object.keys(jobs),
  'faults',
  'crash',
  'kill',
  'restart',
  'rest',
  'two at once',
  'interrupted',
  'overtaken',
];
