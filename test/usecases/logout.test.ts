import { describe, expect, it, vi } from 'vitest';
import type { RevokeOutcome } from '../../src/auth/revoke.ts';
import { AppError } from '../../src/base/errors.ts';
import type { LogoutOptions } from '../../src/contract/login.ts';
import { logout } from '../../src/usecases/logout.ts';
import { takeOrgLease } from '../../src/usecases/org-lease.ts';
import { orgFor } from '../orgs/org-for.ts';
import { calm, copied, type Parts, partsOf } from './parts.ts';

const a = orgFor('a');
const b = orgFor('b');
const usual: LogoutOptions = { org: null, all: false, deleteData: false, force: false };

/** Logins of which each is forgotten, and revoked as told. */
function forgetting(revoked: RevokeOutcome = { status: 'revoked' }) {
  const forgotten: string[] = [];
  const logins = {
    forget: async (instanceUrl: string) => {
      forgotten.push(instanceUrl);
      return { removed: true, revoked };
    },
  };
  return { logins, forgotten };
}

async function queue(parts: Parts, state: 'pending' | 'held'): Promise<void> {
  await parts.mirrors.of(a.instanceUrl).outbox.add([
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
      state,
    },
  ]);
}

describe('logout', () => {
  it('forgets the only org and keeps its mirror', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    const { logins, forgotten } = forgetting();
    const { orgs } = await logout({ ...parts, logins }, usual, calm());
    expect(orgs).toMatchObject([{ revoked: true, credentialRemoved: true, dataDeleted: false, error: null }]);
    expect([forgotten, await parts.registry.list()]).toEqual([[a.instanceUrl], []]);
    expect(await parts.mirrors.exists(a.instanceUrl)).toBe(true);
  });

  it('says of entries that are not settled that they stay, and until when', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    await queue(parts, 'pending');
    const warn = vi.fn<(message: string) => void>();
    await logout({ ...parts, log: { ...parts.log, warn }, logins: forgetting().logins }, usual, calm());
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^1 entry of the outbox of .* is not settled: it stays with the mirror/)],
    ]);
  });

  it('forgets the login also where the mirror cannot be opened', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    vi.spyOn(parts.mirrors, 'open').mockRejectedValue(new AppError('MIRROR_NEWER_THAN_TOOL', 'Newer.'));
    const { orgs } = await logout({ ...parts, logins: forgetting().logins }, usual, calm());
    expect(orgs).toMatchObject([{ credentialRemoved: true, error: null }]);
  });

  it('does not guess which org is meant', async () => {
    const { logins, forgotten } = forgetting();
    const left = logout({ ...partsOf([a, b]), logins }, usual, calm());
    await expect(left).rejects.toMatchObject({ code: 'AMBIGUOUS_ORG' });
    expect(forgotten).toEqual([]);
  });

  it('leaves the org forgotten here where Salesforce could not be told, and says so', async () => {
    const parts = partsOf([a]);
    const error = new AppError('NETWORK_UNREACHABLE', 'Salesforce cannot be reached.');
    const { logins } = forgetting({ status: 'failed', error });
    const { orgs } = await logout({ ...parts, logins }, usual, calm());
    expect(orgs).toMatchObject([
      { revoked: false, credentialRemoved: true, error: { code: 'NETWORK_UNREACHABLE' } },
    ]);
    expect(await parts.registry.list()).toEqual([]);
  });

  it('says of an access token that was handed over that there was nothing to revoke', async () => {
    const { logins } = forgetting({ status: 'nothing-to-revoke' });
    const { orgs } = await logout({ ...partsOf([a]), logins }, usual, calm());
    expect(orgs[0]).toMatchObject({ revoked: null, error: null });
  });

  it('goes on with the others where one org cannot be logged out', async () => {
    const parts = partsOf([a, b]);
    const logins = {
      forget: async (instanceUrl: string) => {
        if (instanceUrl === a.instanceUrl)
          throw new AppError('CREDENTIAL_STORE_UNAVAILABLE', 'The keychain is locked.');
        return { removed: true, revoked: { status: 'revoked' } as const };
      },
    };
    const { orgs } = await logout({ ...parts, logins }, { ...usual, all: true }, calm());
    expect(orgs.map(({ error }) => error?.code ?? null)).toEqual(['CREDENTIAL_STORE_UNAVAILABLE', null]);
    expect(await parts.registry.list()).toMatchObject([{ instanceUrl: a.instanceUrl }]);
  });
});

describe('logout with its data', () => {
  const withData = { ...usual, deleteData: true };

  it('removes the mirror after the login', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    const { logins } = forgetting();
    const { orgs } = await logout({ ...parts, logins }, withData, calm());
    expect(orgs[0]).toMatchObject({ dataDeleted: true, error: null });
    expect(await parts.mirrors.exists(a.instanceUrl)).toBe(false);
  });

  it.each(['pending', 'held'] as const)('is refused with a %s entry, and nothing was done', async (state) => {
    const parts = partsOf([a]);
    await queue(parts, state);
    const { logins, forgotten } = forgetting();
    const { orgs } = await logout({ ...parts, logins }, withData, calm());
    expect(orgs[0]).toMatchObject({ dataDeleted: false, error: { code: 'OUTBOX_OPEN' } });
    expect(forgotten).toEqual([]);
    expect(await parts.registry.list()).toHaveLength(1);
    const forced = await logout({ ...parts, logins }, { ...withData, force: true }, calm());
    expect(forced.orgs[0]).toMatchObject({ dataDeleted: true, error: null });
  });

  it('keeps what a push has queued between the two looks, and the org in the list', async () => {
    const parts = partsOf([a]);
    await copied(parts, a.instanceUrl);
    const { logins } = forgetting();
    const forget: typeof logins.forget = async (instanceUrl) => {
      await queue(parts, 'pending');
      return logins.forget(instanceUrl);
    };
    const { orgs } = await logout({ ...parts, logins: { forget } }, withData, calm());
    expect(orgs[0]).toMatchObject({
      credentialRemoved: true,
      dataDeleted: false,
      error: { code: 'OUTBOX_OPEN' },
    });
    expect(await parts.mirrors.exists(a.instanceUrl)).toBe(true);
    expect(await parts.registry.list()).toHaveLength(1);
  });

  it('is refused while another process works on the org, before its login is touched', async () => {
    const parts = partsOf([a]);
    await using _held = await takeOrgLease(parts, a.instanceUrl, 'watch');
    const { logins, forgotten } = forgetting();
    const { orgs } = await logout({ ...parts, logins }, withData, calm());
    expect([orgs[0]?.error?.code, forgotten]).toEqual(['ORG_BUSY', []]);
  });
});
