/**
 * Applies pages of its run's chunks, several at a time, until all are done or it is killed.
 * `node crash-child.ts FOLDER`
 */
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import { heldLease } from '../../support/leases.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { blocksOf, contactRow, csvOf, csvPage, epoch } from './pages.ts';

export const crashUrl = 'https://crash.my.salesforce.com';
export const crashChunks = 30;
export const crashRows = 400;

/** The rows of the chunk that begins with contact `from`. */
export function chunkRows(from: number) {
  return Array.from({ length: crashRows }, (_, i) => contactRow(from + i));
}

async function work(folder: string): Promise<void> {
  await using mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock });
  const mirror = await mirrors.open(crashUrl, { create: true, lease: heldLease() });
  if ((await mirror.schema.fields()).length === 0) await mirror.schema.applyDescribe(describeOf(), epoch);
  const [known] = await mirror.journal.runs({ limit: 1 });
  const run = known?.id ?? (await mirror.journal.startRun('backfill', epoch, {}));
  if ((await mirror.journal.chunks(run)).length === 0) {
    const specs = Array.from({ length: crashChunks }, (_, i) => ({
      kind: 'page',
      spec: { from: 1 + i * crashRows },
    }));
    await mirror.commit({ effects: [{ kind: 'replace-chunks', runId: run, ids: [], by: specs }] });
  }
  const pending = await mirror.journal.chunks(run, 'pending');
  process.stdout.write(`${pending.length}\n`);
  const lane = async () => {
    for (let chunk = pending.shift(); chunk !== undefined; chunk = pending.shift()) {
      const { from } = chunk.spec as { from: number };
      const rows = chunkRows(from);
      const page = csvPage(storedNames, rows, epoch, { blocks: blocksOf(csvOf(storedNames, rows), 8_192) });
      const at = { rows: 0, isBegun: false };
      await mirror.commit({
        page,
        effects: [
          { kind: 'advance-chunk', id: chunk.id, from: at, position: { from }, state: 'done' },
          { kind: 'move-cursors', to: { updated: epoch + from } },
        ],
      });
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  await mirror[Symbol.asyncDispose]();
}

if (process.argv[1] === import.meta.filename) await work(process.argv[2]!);
