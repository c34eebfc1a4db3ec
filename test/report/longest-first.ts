import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take ten seconds and more alone on two cores, the longest first. */
const long = [
  'test/model/watch/watch-histories.test.ts',
  'test/model/push/push-histories.test.ts',
  'test/e2e/ci-scripts.test.ts',
  'test/sync/backfill-kill.test.ts',
  'test/e2e/asked-reconcile.test.ts',
  'test/model/two-way/two-way-histories.test.ts',
  'test/sync/backfill.test.ts',
  'test/hostile/leaping-clock.test.ts',
  'test/e2e/main-job.test.ts',
  'test/hostile/every-command.test.ts',
  'test/sync/cycle-calls.test.ts',
  'test/e2e/outbox-trouble.test.ts',
  'test/e2e/halted-watch.test.ts',
  'test/e2e/push-again.test.ts',
  'test/e2e/push-files.test.ts',
  'test/e2e/many-orgs.test.ts',
  'test/contract/sqlite-mirror.test.ts',
  'test/sync/ingest.test.ts',
  'test/sync/push-kill.test.ts',
  'test/model/random-histories.test.ts',
  'test/usecases/move-kill.test.ts',
  'test/e2e/false-clock.test.ts',
  'test/e2e/settle.test.ts',
  'test/sync/named-changes.test.ts',
  'test/store/sqlite/crash.test.ts',
  'test/sync/cycle-kill.test.ts',
  'test/e2e/full-disk.test.ts',
  'test/auth/command-line.test.ts',
  'test/usecases/fresh-copy-kill.test.ts',
  'test/sync/copy-turns.test.ts',
  'test/sync/reconcile.test.ts',
  'test/e2e/mirror-histories.test.ts',
  'test/sync/settle-creates.test.ts',
  'test/auth/one-org-once.test.ts',
  'test/sync/cycle.test.ts',
  'test/auth/file-store.test.ts',
  'test/e2e/halted.test.ts',
  'test/sync/drain.test.ts',
  'test/store/sqlite/page-parsing.test.ts',
  'test/auth/killed-renewals.test.ts',
  'test/hostile/filled-mirror.test.ts',
  'test/usecases/fresh-copy.test.ts',
  'test/store/sqlite/replace-crash.test.ts',
  'test/e2e/push-numbers.test.ts',
  'test/usecases/watch-reconcile.test.ts',
  'test/cli/process.test.ts',
  'test/sync/two-way.test.ts',
  'test/e2e/reconcile-kill.test.ts',
  'test/e2e/library.test.ts',
  'test/e2e/read-only-folder.test.ts',
  'test/model/watch/killed-watch.test.ts',
  'test/e2e/secrets.test.ts',
];

/**
 * Files in the order of their lengths, so that no worker is left alone with a long one at the end. Without it a fresh
 * checkout, which knows no durations, begins with the largest files; and it is the small ones that kill and wait.
 */
export default class LongestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const gone = long.filter((file) => !existsSync(join(root, file)));
    if (gone.length > 0)
      throw new Error(`test/report/longest-first.ts names ${gone.join(', ')}, which are gone.`);
    const rankOf = ({ moduleId }: TestSpecification) => {
      const at = long.indexOf(relative(root, moduleId));
      return at < 0 ? long.length : at;
    };
    const sorted = await super.sort(specifications);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
