import { expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { listRuns, showRun } from '../../src/usecases/runs.ts';
import { orgFor } from '../orgs/org-for.ts';
import { heldLease } from '../support/leases.ts';
import { partsOf } from './parts.ts';

const [a, b] = [orgFor('a'), orgFor('b')];

async function oneDamaged() {
  const parts = partsOf([a, b]);
  await parts.mirrors.of(a.instanceUrl).under(heldLease());
  const mirror = await parts.mirrors.of(b.instanceUrl).under(heldLease());
  const id = await mirror.journal.startRun('cycle', Date.now(), {});
  const { mirrors } = parts;
  const open = mirrors.open.bind(mirrors);
  mirrors.open = async (url, options) => {
    if (url === a.instanceUrl) throw new AppError('MIRROR_CORRUPT', 'The mirror is damaged.');
    return open(url, options);
  };
  return { parts, id };
}

it('the runs of an org are listed though the mirror of another is damaged', async () => {
  const { parts, id } = await oneDamaged();
  const { runs, unread } = await listRuns(parts, { org: null, limit: 10 }, new AbortController().signal);
  expect(runs.map((run) => run.id)).toEqual([id]);
  expect(unread).toEqual([
    { instanceUrl: a.instanceUrl, error: expect.objectContaining({ code: 'MIRROR_CORRUPT' }) },
  ]);
});

it('a run of an org is shown though the mirror of another is damaged', async () => {
  const { parts, id } = await oneDamaged();
  expect((await showRun(parts, { id })).run.id).toBe(id);
});

it('a run that may be of the damaged one is not called unknown', async () => {
  const { parts } = await oneDamaged();
  await expect(showRun(parts, { id: 'ffffffff' })).rejects.toMatchObject({ code: 'MIRROR_CORRUPT' });
});
