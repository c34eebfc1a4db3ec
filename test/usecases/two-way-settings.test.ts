import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { refreshLockName } from '../../src/auth/refresh-lock.ts';
import { AppError } from '../../src/base/errors.ts';
import type { AccessTokenLogin } from '../../src/contract/login.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import type { TwoWay } from '../../src/sync/ports/two-way.ts';
import { withLease } from '../../src/sync/with-lease.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { type LoginParts, login } from '../../src/usecases/login.ts';
import { logout } from '../../src/usecases/logout.ts';
import { appOrgs } from '../../src/usecases/orgs.ts';
import { status } from '../../src/usecases/status.ts';
import { watch } from '../../src/usecases/watch.ts';
import { orgFor } from '../orgs/org-for.ts';
import { calm, copied, type Parts, partsOf } from './parts.ts';

const a = orgFor('a', { alias: 'prod' });
const manual: TwoWay = { on: true, conflicts: 'manual' };
const usualMode: TwoWay = { on: false, conflicts: 'salesforce-wins' };

const credentialOf = (org: OrgRecord, userId = org.userId): Credential => ({
  instanceUrl: org.instanceUrl,
  apiUrl: org.apiUrl,
  loginUrl: org.loginUrl,
  grant: 'refresh-token',
  clientId: 'client',
  orgId: org.orgId,
  userId,
  username: org.username,
  accessToken: 'access',
  refreshToken: 'refresh',
  clientSecret: null,
  privateKey: null,
  issuedAt: 0,
  refused: null,
});

/** A login of the org by the access token that somebody handed over. */
async function logIn(parts: Parts, credential: Credential, more: Partial<AccessTokenLogin> = {}) {
  const logins: LoginParts['logins'] = {
    obtain: async () => credential,
    async keep(kept, { onStored }) {
      await parts.credentials.set(kept);
      onStored();
      return { revokedOld: null };
    },
    revoke: async () => {},
    whileUnchanged: (orgId, work) => withLease(parts.leases, refreshLockName(orgId), work),
  };
  const { instanceUrl } = credential;
  const flow = { flow: 'access-token', instanceUrl, accessToken: 'token' } as const;
  const options = { ...flow, alias: null, sync: true, replaceUser: false, ...more };
  await login({ ...parts, logins }, options, calm());
}

async function logOut(parts: Parts): Promise<void> {
  const logins = { forget: async () => ({ removed: true, revoked: { status: 'revoked' } as const }) };
  const options = { org: null, all: false, deleteData: false, force: false };
  await logout({ ...parts, logins }, options, calm());
}

/** An org whose list entry says `known`, and whose mirror was told `told`. */
async function orgWith(known: TwoWay, told: TwoWay | null): Promise<Parts> {
  const parts = partsOf([{ ...a, twoWay: known.on, conflicts: known.conflicts }]);
  await copied(parts, a.instanceUrl);
  if (told !== null) await parts.mirrors.of(a.instanceUrl).setTwoWay(told);
  return parts;
}

/** What the list of orgs holds, what `orgs` and `status` show, and what the mirror does. */
async function everywhere(parts: Parts) {
  const { twoWay, conflicts } = (await parts.registry.get(a.instanceUrl))!;
  const [shown] = (await appOrgs(parts).list(calm())).orgs;
  const [state] = (await status(parts, { org: null })).orgs;
  return {
    list: { on: twoWay, conflicts },
    orgs: { on: shown!.twoWay, conflicts: shown!.conflicts },
    status: { on: state!.twoWay, conflicts: state!.conflicts },
    mirror: await parts.mirrors.of(a.instanceUrl).twoWay(),
  };
}

const all = (mode: TwoWay) => ({ list: mode, orgs: mode, status: mode, mirror: mode });

const watchOnce = (parts: Parts) =>
  watch(parts, { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs: null }, calm());

const backfill = (parts: Parts, fresh: boolean) =>
  backfillOrgs(
    parts,
    { orgs: [], all: false, api: 'rest', concurrency: 1, fresh, force: false, fields: null },
    calm(),
  );

describe('a login of an org that was logged out', () => {
  it('takes up whether programs write to its mirror, with its policy, and says so once', async () => {
    const parts = await orgWith(manual, manual);
    await logOut(parts);
    await logIn(parts, credentialOf(a));
    expect(await everywhere(parts)).toEqual(all(manual));
    expect(parts.said).toEqual([expect.stringMatching(/^warn .*two-way is on, conflicts manual/)]);
    await watchOnce(parts);
    expect(await everywhere(parts)).toEqual(all(manual));
    expect(parts.said).toHaveLength(1);
  });

  it.each([
    ['has no mirror', false],
    ['has one that is as any new one', true],
  ])('says nothing of it where it %s', async (_, hasMirror) => {
    const parts = partsOf([a]);
    if (hasMirror) await copied(parts, a.instanceUrl);
    await logOut(parts);
    await logIn(parts, credentialOf(a));
    expect(await parts.registry.get(a.instanceUrl)).toMatchObject({
      twoWay: false,
      conflicts: 'salesforce-wins',
    });
    expect(parts.said).toEqual([]);
  });

  it('gives its mirror to another user on the word of one who logs in so, with all that was set', async () => {
    const parts = await orgWith(manual, manual);
    const mirror = parts.mirrors.of(a.instanceUrl);
    await mirror.setIdentity({ orgId: a.orgId, userId: a.userId, instanceUrl: a.instanceUrl });
    await logOut(parts);
    const userId = '005000000000009AAA';
    await logIn(parts, credentialOf(a, userId), { replaceUser: true });
    expect(await mirror.identity()).toMatchObject({ orgId: a.orgId, userId });
    expect(await everywhere(parts)).toEqual(all(manual));
    expect(parts.said).toContainEqual(expect.stringContaining('read as another user'));
  });

  it('leaves a mirror of the org that was at its address before as that one’s', async () => {
    const parts = await orgWith(usualMode, null);
    const mirror = parts.mirrors.of(a.instanceUrl);
    await mirror.setIdentity({ orgId: '00D000000000009AAA', userId: a.userId, instanceUrl: a.instanceUrl });
    await logOut(parts);
    await logIn(parts, credentialOf(a, '005000000000009AAA'), { replaceUser: true });
    expect(await mirror.identity()).toMatchObject({ orgId: '00D000000000009AAA', userId: a.userId });
  });

  it('is kept where its mirror cannot be read, which is said', async () => {
    const parts = await orgWith(manual, manual);
    await logOut(parts);
    Object.assign(parts.mirrors, unreadable);
    await logIn(parts, credentialOf(a));
    expect(await parts.registry.get(a.instanceUrl)).toMatchObject({ twoWay: false });
    expect(parts.said).toEqual([expect.stringMatching(/^warn .*cannot be read.*is damaged/)]);
  });
});

it('a login of another user of a connected org keeps what was set', async () => {
  const parts = await orgWith(manual, manual);
  await logIn(parts, credentialOf(a, '005000000000009AAA'), { replaceUser: true });
  expect(await everywhere(parts)).toEqual(all(manual));
});

const unreadable = {
  twoWay: async () => {
    throw new AppError('MIRROR_CORRUPT', 'The mirror is damaged.');
  },
};

describe.each([
  ['on', 'off', manual, usualMode],
  ['off', 'on', { on: false, conflicts: 'local-wins' } as const, manual],
])('a mirror with two-way %s, of which the list of orgs says %s', (state, _said, told, known) => {
  it('is shown as it is', async () => {
    const parts = await orgWith(known, told);
    expect(await everywhere(parts)).toEqual({ ...all(told), list: known });
    const { org } = await appOrgs(parts).setAlias({ org: 'prod', alias: 'other' }, calm());
    expect(org).toMatchObject({ twoWay: told.on, conflicts: told.conflicts });
  });

  it('keeps its state when another policy is set', async () => {
    const parts = await orgWith(known, told);
    const { org } = await appOrgs(parts).set({ org: 'prod', conflicts: 'local-wins' }, calm());
    expect(org).toMatchObject({ twoWay: told.on, conflicts: 'local-wins' });
    expect(await everywhere(parts)).toEqual(all({ on: told.on, conflicts: 'local-wins' }));
  });

  it('keeps its policy when two-way is set', async () => {
    const parts = await orgWith(known, told);
    await appOrgs(parts).set({ org: 'prod', twoWay: known.on }, calm());
    expect(await everywhere(parts)).toEqual(all({ on: known.on, conflicts: told.conflicts }));
  });

  it('stays so when it is watched, and the list says so from then on', async () => {
    const parts = await orgWith(known, told);
    await watchOnce(parts);
    expect(await everywhere(parts)).toEqual(all(told));
    expect(parts.said).toEqual([expect.stringMatching(new RegExp(`^warn .*two-way is ${state}, conflicts`))]);
  });

  it('stays so by another login, and the list says so from then on', async () => {
    const parts = await orgWith(known, told);
    await logIn(parts, credentialOf(a));
    expect(await everywhere(parts)).toEqual(all(told));
    expect(parts.said).toEqual([expect.stringMatching(new RegExp(`^warn .*two-way is ${state}, conflicts`))]);
  });

  it('stays so by a fresh copy', async () => {
    const parts = await orgWith(known, told);
    expect((await backfill(parts, true)).orgs[0]).toMatchObject({ status: 'complete', error: null });
    expect((await everywhere(parts)).mirror).toEqual(told);
    await watchOnce(parts);
    expect(await everywhere(parts)).toEqual(all(told));
  });
});

describe('a mirror that nobody has told', () => {
  it('is told what was set for its org before it was made, or removed, and that is said', async () => {
    const parts = partsOf([a]);
    await appOrgs(parts).set({ org: 'prod', twoWay: true, conflicts: 'manual' }, calm());
    await watchOnce(parts);
    expect(await everywhere(parts)).toEqual(all(manual));
    expect(parts.said).toEqual([expect.stringMatching(/^info .*two-way on, conflicts manual/)]);
  });

  it('is told what was set before it was there, which is said where it was seen as it was', async () => {
    const parts = await orgWith(manual, null);
    const { orgId, userId, instanceUrl } = a;
    await parts.mirrors.of(a.instanceUrl).setIdentity({ orgId, userId, instanceUrl });
    expect((await everywhere(parts)).status).toEqual(usualMode);
    await watchOnce(parts);
    expect(await everywhere(parts)).toEqual(all(manual));
    expect(parts.said).toEqual([expect.stringMatching(/^warn .*two-way on, conflicts manual/)]);
  });

  it('is told the policy too where two-way is off', async () => {
    const parts = partsOf([a]);
    await appOrgs(parts).set({ org: 'prod', conflicts: 'manual' }, calm());
    await watchOnce(parts);
    expect(await everywhere(parts)).toEqual(all({ on: false, conflicts: 'manual' }));
  });

  it('is told at once where a copy takes a place that was empty', async () => {
    const parts = partsOf([{ ...a, twoWay: true, conflicts: 'manual' }]);
    await parts.mirrors.copies.open(a.instanceUrl, { create: true });
    expect((await backfill(parts, false)).orgs[0]).toMatchObject({ status: 'complete', error: null });
    expect(await everywhere(parts)).toEqual(all(manual));
  });

  it('is told all of it by the next setting', async () => {
    const parts = await orgWith({ on: true, conflicts: 'salesforce-wins' }, null);
    expect((await everywhere(parts)).orgs).toEqual(usualMode);
    const { org } = await appOrgs(parts).set({ org: 'prod', conflicts: 'manual' }, calm());
    expect(org).toMatchObject({ twoWay: true, conflicts: 'manual' });
    expect(await everywhere(parts)).toEqual(all(manual));
    expect(parts.said).toEqual([expect.stringMatching(/^warn .*two-way on/)]);
  });
});

describe('a mirror that cannot be read', () => {
  it('is shown as it was set last, and `orgs` says that it may be otherwise', async () => {
    const parts = await orgWith(manual, manual);
    Object.assign(parts.mirrors, unreadable);
    const [shown] = (await appOrgs(parts).list(calm())).orgs;
    expect(shown).toMatchObject({ twoWay: true, conflicts: 'manual' });
    expect(parts.said).toEqual([expect.stringMatching(/^warn .*cannot be read.*is damaged/)]);
  });

  it('is not set, and neither is its org', async () => {
    const parts = await orgWith(usualMode, null);
    Object.assign(parts.mirrors, unreadable);
    const set = appOrgs(parts).set({ org: 'prod', twoWay: true, budget: 0.5 }, calm());
    await expect(set).rejects.toMatchObject({ code: 'MIRROR_CORRUPT' });
    expect(await parts.registry.get(a.instanceUrl)).toMatchObject({ twoWay: false, budget: null });
  });
});

describe('a watch', () => {
  it.each([
    ['by its list', [], false],
    ['by name', ['prod'], false],
    ['of the environment', [], true],
  ])(
    'follows what programs write to a mirror that lets them, whatever the list says: %s',
    async (_, orgs, isOnly) => {
      const parts = await orgWith(usualMode, manual);
      const followed: string[] = [];
      const stop = new AbortController();
      const programCommits = (url: string) => {
        followed.push(url);
        stop.abort();
        return { look: () => null, [Symbol.dispose]() {} };
      };
      Object.assign(parts.mirrors, { programCommits });
      if (isOnly)
        Object.assign(parts, { hasProcessOrg: true, processOrg: async () => ({ ...a, orgId: '' }) });
      const options = { orgs, intervalMs: 60_000, once: false, push: true, reconcileEveryMs: null };
      const late = setTimeout(() => stop.abort(), 60_000);
      await watch(parts, options, { signal: stop.signal, onEvent: () => {} });
      clearTimeout(late);
      expect(followed).toEqual([a.instanceUrl]);
    },
  );
});
