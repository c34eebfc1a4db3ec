import { expect, test } from 'vitest';
import type { Registry } from '../../src/orgs/registry.ts';
import { registryOpenedByUse } from '../../src/orgs/registry-opened-by-use.ts';
import { registryContract } from '../contract/registry.contract.ts';
import { memoryRegistry } from '../usecases/memory-registry.ts';
import { orgFor } from './org-for.ts';

registryContract('opened by use', async () => registryOpenedByUse(async () => memoryRegistry()));

/** A registry that takes until `connect` to open, and tells what became of it. */
function remoteRegistry() {
  const { promise, resolve: connect, reject: refuse } = Promise.withResolvers<void>();
  const told: string[] = [];
  const open = async (): Promise<Registry> => {
    told.push('opened');
    await promise;
    const registry = memoryRegistry(orgFor('a'));
    return { ...registry, [Symbol.asyncDispose]: async () => void told.push('closed') };
  };
  return { told, open, connect, refuse };
}

test('is opened once for calls that are under way at once', async () => {
  const { told, open, connect } = remoteRegistry();
  const registry = registryOpenedByUse(open);
  expect(told).toEqual([]);
  const asked = Promise.all([
    registry.list(),
    registry.get(orgFor('a').instanceUrl),
    registry.resolve(orgFor('a').instanceUrl),
  ]);
  connect();
  expect(await asked).toEqual([[orgFor('a')], orgFor('a'), orgFor('a')]);
  await registry[Symbol.asyncDispose]();
  expect(told).toEqual(['opened', 'closed']);
});

test('tells each caller why it cannot be opened, and is tried again by the next', async () => {
  let tries = 0;
  const registry = registryOpenedByUse(async () => {
    if (++tries === 1) throw new Error('unreachable');
    return memoryRegistry(orgFor('a'));
  });
  const asked = await Promise.allSettled([registry.list(), registry.list()]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(tries).toBe(1);
  expect(await registry.list()).toEqual([orgFor('a')]);
  expect(tries).toBe(2);
});

test('is not opened to be closed', async () => {
  const { told, open } = remoteRegistry();
  const registry = registryOpenedByUse(open);
  await registry[Symbol.asyncDispose]();
  expect(told).toEqual([]);
  await expect(registry.list()).rejects.toThrow('closed');
  expect(told).toEqual([]);
});

test.each([
  ['has opened', true],
  ['has failed', false],
])('closing waits until an opening under way %s', async (_what, opens) => {
  const { told, open, connect, refuse } = remoteRegistry();
  const registry = registryOpenedByUse(open);
  const asked = Promise.allSettled([registry.list()]);
  const closed = registry[Symbol.asyncDispose]();
  if (opens) connect();
  else refuse(new Error('unreachable'));
  await closed;
  await asked;
  expect(told).toEqual(opens ? ['opened', 'closed'] : ['opened']);
});
