import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { refreshLockName } from '../../src/auth/refresh-lock.ts';
import { AppError } from '../../src/base/errors.ts';
import type { AccessTokenLogin } from '../../src/contract/login.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import { withLease } from '../../src/sync/with-lease.ts';
import { type LoginParts, login } from '../../src/usecases/login.ts';
import { finishMoves } from '../../src/usecases/move-org.ts';
import { takeOrgLease } from '../../src/usecases/org-lease.ts';
import { orgFor } from '../orgs/org-for.ts';
import { calm, copied, type Parts, partsOf } from './parts.ts';

const a = orgFor('a');
const b = orgFor('b');
const usual: AccessTokenLogin = {
  flow: 'access-token',
  instanceUrl: a.instanceUrl,
  accessToken: 'token',
  alias: null,
  sync: true,
  replaceUser: false,
};

const grantOf = (org: OrgRecord, change: Partial<Credential> = {}): Credential => ({
  instanceUrl: org.instanceUrl,
  apiUrl: org.apiUrl,
  loginUrl: org.loginUrl,
  grant: 'refresh-token',
  clientId: 'client',
  orgId: org.orgId,
  userId: org.userId,
  username: org.username,
  accessToken: 'access',
  refreshToken: 'refresh',
  clientSecret: null,
  privateKey: null,
  issuedAt: 0,
  refused: null,
  ...change,
});

/** Logins that give `credential`, and what was done with it. */
function loginsOf(parts: Parts, credential: Credential, keep?: (onStored: () => void) => Promise<void>) {
  const done: string[] = [];
  const logins: LoginParts['logins'] = {
    obtain: async () => credential,
    async keep(kept, { onStored, replaces }) {
      done.push(['keep', kept.instanceUrl, ...replaces].join(' '));
      await keep?.(onStored);
      await parts.credentials.set(kept);
      onStored();
      return { revokedOld: null };
    },
    revoke: async () => void done.push('revoke'),
    whileUnchanged: (orgId, work) => withLease(parts.leases, refreshLockName(orgId), work),
  };
  return { logins, done };
}

describe('a login that is not kept', () => {
  it('is given back, and nothing is noted', async () => {
    const parts = partsOf([]);
    const { logins, done } = loginsOf(parts, grantOf(a), async () => {
      throw new AppError('CREDENTIAL_STORE_UNAVAILABLE', 'The disk is full.');
    });
    await expect(login({ ...parts, logins }, usual, calm())).rejects.toMatchObject({
      code: 'CREDENTIAL_STORE_UNAVAILABLE',
    });
    expect(done).toEqual([`keep ${a.instanceUrl}`, 'revoke']);
    expect(await parts.registry.list()).toEqual([]);
  });

  it('is not given back once the store holds it: the former one is over by then', async () => {
    const parts = partsOf([]);
    const { logins, done } = loginsOf(parts, grantOf(a), async (onStored) => {
      onStored();
      throw new DOMException('The command was ended.', 'AbortError');
    });
    await expect(login({ ...parts, logins }, usual, calm())).rejects.toMatchObject({ name: 'AbortError' });
    expect(done).toEqual([`keep ${a.instanceUrl}`]);
    expect(await parts.registry.get(a.instanceUrl)).toMatchObject({ orgId: a.orgId });
  });

  it('is not even asked for where its alias cannot be', async () => {
    const parts = partsOf([]);
    const { logins, done } = loginsOf(parts, grantOf(a));
    const wrong = { ...usual, alias: 'a.b' };
    await expect(login({ ...parts, logins }, wrong, calm())).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(done).toEqual([]);
  });

  it('is given back where the alias is another org’s', async () => {
    const parts = partsOf([orgFor('b', { alias: 'prod' })]);
    const { logins, done } = loginsOf(parts, grantOf(a));
    const taken = login({ ...parts, logins }, { ...usual, alias: 'prod' }, calm());
    await expect(taken).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(done).toEqual(['revoke']);
  });
});

it('a login of a connected org leaves what `orgs` sets in the meantime', async () => {
  const parts = partsOf([a]);
  const meanwhile = { alias: 'prod', sync: false, budget: 0.5 };
  const { logins } = loginsOf(parts, grantOf(a, { username: 'renamed@a.example' }), async () => {
    await parts.registry.update(a.instanceUrl, meanwhile);
  });
  const { org } = await login({ ...parts, logins }, usual, calm());
  expect(org).toMatchObject({ alias: 'prod', sync: false });
  expect(await parts.registry.get(a.instanceUrl)).toMatchObject({
    ...meanwhile,
    username: 'renamed@a.example',
  });
});

describe('a login that replaces another', () => {
  const handedOver = { grant: 'access-token', refreshToken: null, clientId: null } as const;

  it('is refused where one that renews itself would be given up unasked', async () => {
    const parts = partsOf([a]);
    await parts.credentials.set(grantOf(a));
    const { logins, done } = loginsOf(parts, grantOf(a, handedOver));
    const replaced = login({ ...parts, logins }, usual, calm());
    await expect(replaced).rejects.toMatchObject({
      code: 'GRANT_REPLACED',
      details: { grant: 'refresh-token', newGrant: 'access-token' },
    });
    expect(done).toEqual(['revoke']);
  });

  it.each([
    ['says so with an option', { replaceGrant: true }],
    ['says yes when asked', { confirm: async () => true }],
  ])('is kept where the user %s', async (_, options) => {
    const parts = partsOf([a]);
    await parts.credentials.set(grantOf(a));
    const { logins, done } = loginsOf(parts, grantOf(a, handedOver));
    const { org } = await login({ ...parts, logins }, { ...usual, ...options }, calm());
    expect([org.grant, done]).toEqual(['access-token', [`keep ${a.instanceUrl}`]]);
  });

  it('keeps what the user has set of the org', async () => {
    const parts = partsOf([
      orgFor('a', { alias: 'prod', sync: false, budget: 0.5, authState: 'login-needed' }),
    ]);
    const { logins } = loginsOf(parts, grantOf(a));
    await login({ ...parts, logins }, usual, calm());
    expect(await parts.registry.get(a.instanceUrl)).toMatchObject({
      alias: 'prod',
      sync: false,
      budget: 0.5,
      authState: 'ok',
      createdAt: a.createdAt,
    });
  });

  it('as another user tells the mirror whose view it is from now on', async () => {
    const parts = partsOf([a]);
    const mirror = parts.mirrors.of(a.instanceUrl);
    await mirror.setIdentity({ orgId: a.orgId, userId: a.userId, instanceUrl: a.instanceUrl });
    const { logins } = loginsOf(parts, grantOf(a, { userId: b.userId }));
    await expect(login({ ...parts, logins }, usual, calm())).rejects.toMatchObject({ code: 'OTHER_USER' });
    await login({ ...parts, logins }, { ...usual, replaceUser: true }, calm());
    expect(await mirror.identity()).toMatchObject({ userId: b.userId });
    expect(parts.said).toContainEqual(expect.stringContaining('read as another user'));
  });
});

describe('a login of an org that answers at another address', () => {
  const moved = 'https://moved.my.salesforce.com';
  const there = grantOf(a, { instanceUrl: moved, apiUrl: moved });

  it('stays under the address that it came by, and is called at the new one', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    const { logins, done } = loginsOf(parts, there);
    const { org, movedFrom } = await login({ ...parts, logins }, usual, calm());
    expect(org).toMatchObject({ instanceUrl: a.instanceUrl, apiUrl: moved });
    expect([movedFrom, done]).toEqual([null, [`keep ${a.instanceUrl}`]]);
    expect(parts.said).toContainEqual(expect.stringContaining('add --move'));
    expect(await parts.mirrors.exists(a.instanceUrl)).toBe(true);
  });

  it('moves there with its mirror and its login on the user’s word', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    await parts.mirrors
      .of(a.instanceUrl)
      .setIdentity({ orgId: a.orgId, userId: a.userId, instanceUrl: a.instanceUrl });
    const { logins, done } = loginsOf(parts, there);
    const { org, movedFrom } = await login({ ...parts, logins }, { ...usual, move: true }, calm());
    expect([org.instanceUrl, movedFrom, done]).toEqual([
      moved,
      a.instanceUrl,
      [`keep ${a.instanceUrl} ${moved}`],
    ]);
    expect(await parts.registry.list()).toMatchObject([{ instanceUrl: moved }]);
    expect(await parts.mirrors.exists(a.instanceUrl)).toBe(false);
    expect(await parts.mirrors.of(moved).identity()).toMatchObject({ instanceUrl: moved });
    expect(await parts.credentials.get(a.instanceUrl)).toBeNull();
    expect(await parts.credentials.get(moved)).toMatchObject({ instanceUrl: moved });
  });

  const newer = grantOf(a, { accessToken: 'newer', refreshToken: 'newer' });

  /** Where it is halted, another process takes the lock of the org’s login, and renews it. */
  function haltable(parts: Parts) {
    const takeOver = async () => {
      parts.leases.drop(refreshLockName(a.orgId));
      await withLease(parts.leases, refreshLockName(a.orgId), () => parts.credentials.set(newer));
    };
    return { takeOver, logins: loginsOf(parts, there).logins };
  }

  it('puts no login of before a halt in the place of a newer one', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    const { takeOver, logins } = haltable(parts);
    const set: string[] = [];
    const credentials: LoginParts['credentials'] = {
      probeWritable: () => parts.credentials.probeWritable(),
      delete: (url) => parts.credentials.delete(url),
      async get(url) {
        const read = await parts.credentials.get(url);
        if (read !== null) await takeOver();
        return read;
      },
      async set(credential) {
        set.push(credential.instanceUrl);
        return parts.credentials.set(credential);
      },
    };
    await expect(
      login({ ...parts, credentials, logins }, { ...usual, move: true }, calm()),
    ).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(set).toEqual([]);
    expect(await parts.credentials.get(a.instanceUrl)).toEqual(newer);
    expect(await parts.mirrors.exists(a.instanceUrl)).toBe(true);
    expect(await parts.registry.list()).toMatchObject([{ instanceUrl: a.instanceUrl }]);
  });

  it('removes no login that came while it was halted, and takes it along where the move goes on', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    const { takeOver, logins } = haltable(parts);
    const { mirrors } = parts;
    const halted: LoginParts['mirrors'] = {
      exists: (url) => mirrors.exists(url),
      open: (url, options) => mirrors.open(url, options),
      location: (url) => mirrors.location(url),
      fenceOf: (url, name) => mirrors.fenceOf(url, name),
      twoWay: (url) => mirrors.twoWay(url),
      async move(from, to, leases) {
        await mirrors.move(from, to, leases);
        await takeOver();
      },
    };
    await expect(
      login({ ...parts, mirrors: halted, logins }, { ...usual, move: true }, calm()),
    ).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await parts.credentials.get(a.instanceUrl)).toEqual(newer);
    await finishMoves({ ...parts, logins });
    expect(await parts.registry.list()).toMatchObject([{ instanceUrl: moved }]);
    expect(await parts.credentials.get(moved)).toEqual({ ...newer, instanceUrl: moved });
    expect(await parts.credentials.get(a.instanceUrl)).toBeNull();
  });

  it.each([
    [
      'another process works on it',
      'ORG_BUSY',
      (parts: Parts) => takeOrgLease(parts, a.instanceUrl, 'watch'),
    ],
    ['there is a mirror at the new address', 'MIRROR_EXISTS', (parts: Parts) => void parts.mirrors.of(moved)],
  ])('does not move while %s', async (_, code, prepare) => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    await prepare(parts);
    const { logins, done } = loginsOf(parts, there);
    await expect(login({ ...parts, logins }, { ...usual, move: true }, calm())).rejects.toMatchObject({
      code,
    });
    expect(done).toEqual(['revoke']);
    expect(await parts.mirrors.exists(a.instanceUrl)).toBe(true);
  });
});
