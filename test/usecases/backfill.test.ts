import { describe, expect, it } from 'vitest';
import type { BackfillOptions } from '../../src/contract/backfill.ts';
import type { ProgressEvent } from '../../src/contract/progress.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { takeOrgLease } from '../../src/usecases/org-lease.ts';
import { orgFor } from '../orgs/org-for.ts';
import { calm, copied, loginNeeded, type Parts, partsOf } from './parts.ts';

const usual: BackfillOptions = {
  orgs: [],
  all: false,
  api: 'auto',
  concurrency: null,
  fresh: false,
  force: false,
  fields: null,
};

async function queue(parts: Parts, instanceUrl: string): Promise<void> {
  await parts.mirrors.of(instanceUrl).outbox.add([
    {
      key: 'feedbeef-0000-4000-8000-000000000001',
      op: 'create',
      contactKey: 'k',
      contactId: null,
      changes: { LastName: 'New' },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: null,
      createdAt: 0,
      state: 'pending',
    },
  ]);
}

describe('a backfill of many orgs', () => {
  it('copies all, tells them in their order, and leaves one org’s trouble with that org', async () => {
    const orgs = Array.from({ length: 11 }, (_, n) => orgFor(`org${n}`));
    const [, second, third] = orgs as [unknown, (typeof orgs)[0], (typeof orgs)[0]];
    const parts = partsOf(orgs, { [second.instanceUrl]: { session: loginNeeded } });
    await using _held = await takeOrgLease(parts, third.instanceUrl, 'watch');
    const events: ProgressEvent[] = [];
    const { orgs: items } = await backfillOrgs(
      parts,
      usual,
      calm((event: ProgressEvent) => void events.push(event)),
    );
    expect(items.map(({ instanceUrl }) => instanceUrl)).toEqual(orgs.map(({ instanceUrl }) => instanceUrl));
    expect(items.map(({ status, error }) => error?.code ?? status)).toEqual([
      'complete',
      'LOGIN_REQUIRED',
      'ORG_BUSY',
      ...Array.from({ length: 8 }, () => 'complete'),
    ]);
    expect(items[2]?.error?.details).toMatchObject({ pid: process.pid, purpose: 'watch' });
    expect(events.filter(({ event }) => event === 'backfill:complete')).toHaveLength(9);
    expect(parts.closed).toHaveLength(9);
  });

  it('begins no more than eight at a time', async () => {
    const orgs = Array.from({ length: 20 }, (_, n) => orgFor(`org${n}`));
    let open = 0;
    let most = 0;
    const parts = partsOf(orgs);
    const { openSession } = parts;
    parts.openSession = async (org) => {
      most = Math.max(most, ++open);
      const session = await openSession(org);
      const close = async () => {
        open--;
        await session.close();
      };
      return { ...session, close, [Symbol.asyncDispose]: close };
    };
    await backfillOrgs(parts, usual, calm());
    expect(most).toBe(8);
    expect(open).toBe(0);
  });

  it('takes no org whose sync is off unless it is named or all are meant', async () => {
    const [on, off] = [orgFor('on'), orgFor('off', { sync: false })];
    const told = async (options: Partial<BackfillOptions>) =>
      (await backfillOrgs(partsOf([on, off]), { ...usual, ...options }, calm())).orgs.map(
        ({ instanceUrl }) => instanceUrl,
      );
    expect(await told({})).toEqual([on.instanceUrl]);
    expect(await told({ all: true })).toEqual([on.instanceUrl, off.instanceUrl]);
    expect(await told({ orgs: [off.instanceUrl] })).toEqual([off.instanceUrl]);
  });

  it('calls a copy interrupted that the signal ended, and keeps what the org was told', async () => {
    const a = orgFor('a');
    const end = new AbortController();
    const count = async () => {
      end.abort(new DOMException('The command was ended.', 'AbortError'));
      end.signal.throwIfAborted();
      return 0;
    };
    const parts = partsOf([a], { [a.instanceUrl]: { records: { count } } });
    const { orgs } = await backfillOrgs(parts, usual, { signal: end.signal, onEvent: () => {} });
    expect(orgs[0]).toMatchObject({ status: 'interrupted', archived: null });
    expect(parts.closed).toEqual([a.instanceUrl]);
  });
});

describe('a fresh copy', () => {
  const a = orgFor('a');
  const fresh = { ...usual, fresh: true };

  it('is an ordinary one where there is no mirror to replace', async () => {
    const parts = partsOf([a]);
    const { orgs } = await backfillOrgs(parts, fresh, calm());
    expect(orgs[0]).toMatchObject({ status: 'complete', archived: null });
    expect(await parts.mirrors.copies.exists(a.instanceUrl)).toBe(false);
  });

  it('takes the place of the mirror, which is put aside, and leaves no copy', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    const { orgs } = await backfillOrgs(parts, fresh, calm());
    expect(orgs[0]).toMatchObject({ status: 'complete', archived: 'memory:https://a.my.salesforce.com:0' });
    expect(await parts.mirrors.archives.list(a.instanceUrl)).toHaveLength(1);
    expect(await parts.mirrors.copies.exists(a.instanceUrl)).toBe(false);
  });

  it('is refused while the outbox holds what Salesforce has not, and not where the user says so', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    await queue(parts, a.instanceUrl);
    const { orgs } = await backfillOrgs(parts, fresh, calm());
    expect(orgs[0]?.error).toMatchObject({ code: 'OUTBOX_OPEN', details: { open: 1 } });
    expect(await parts.mirrors.copies.exists(a.instanceUrl)).toBe(false);
    expect(await parts.mirrors.archives.list(a.instanceUrl)).toEqual([]);
    const forced = await backfillOrgs(parts, { ...fresh, force: true }, calm());
    expect(forced.orgs[0]?.status).toBe('complete');
  });

  it('leaves the mirror where it is when the org counts other than the copy holds', async () => {
    const count = async () => 5_000;
    const parts = partsOf([a], { [a.instanceUrl]: { records: { count } } });
    await copied(parts, a.instanceUrl);
    const { orgs } = await backfillOrgs(parts, fresh, calm());
    expect(orgs[0]?.error?.code).toBe('COPY_DIFFERS');
    expect(await parts.mirrors.archives.list(a.instanceUrl)).toEqual([]);
    expect(await parts.mirrors.copies.exists(a.instanceUrl)).toBe(true);
  });

  it('makes room for a new one where what was interrupted is another user’s', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    const copy = await parts.mirrors.copies.open(a.instanceUrl, { create: true });
    await copy.setIdentity({ orgId: a.orgId, userId: '005000000000999AAA', instanceUrl: a.instanceUrl });
    const { orgs } = await backfillOrgs(parts, fresh, calm());
    expect(orgs[0]?.status).toBe('complete');
    expect(parts.said).toContainEqual(expect.stringContaining('starts over'));
  });
});
