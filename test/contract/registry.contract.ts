import { describe, expect, it } from 'vitest';
import type { Registry } from '../../src/orgs/registry.ts';
import { orgFor } from '../orgs/org-for.ts';

const a = orgFor('a');
const b = orgFor('b', { alias: 'beta', sync: false, budget: 0.5 });

/** What every list of connected orgs does. `open` gives an empty one. */
export function registryContract(name: string, open: () => Promise<Registry>): void {
  describe(`${name}: the connected orgs`, () => {
    it('come in the order in which they were connected, and change one by one', async () => {
      await using registry = await open();
      await registry.put(b);
      await registry.put(a);
      expect(await registry.list()).toEqual([a, b]);
      expect(await registry.get(b.instanceUrl)).toEqual(b);
      expect(await registry.get('https://nowhere.my.salesforce.com')).toBeNull();
      await registry.put({ ...a, sync: false });
      expect(await registry.list()).toHaveLength(2);
      expect(
        await registry.update(a.instanceUrl, { alias: 'alpha', authState: 'login-needed' }),
      ).toMatchObject({ alias: 'alpha', authState: 'login-needed', sync: false });
      await registry.setAuthState(a.instanceUrl, 'ok');
      expect(await registry.get(a.instanceUrl)).toMatchObject({ authState: 'ok', alias: 'alpha' });
      expect(await registry.remove(a.instanceUrl)).toBe(true);
      expect(await registry.remove(a.instanceUrl)).toBe(false);
      expect(await registry.list()).toEqual([b]);
    });

    it('keep every one of many changes that are under way at once', async () => {
      await using registry = await open();
      await registry.put(a);
      await Promise.all([
        registry.update(a.instanceUrl, { alias: 'alpha' }),
        registry.update(a.instanceUrl, { budget: 0.1 }),
        registry.setAuthState(a.instanceUrl, 'login-needed'),
        registry.update(a.instanceUrl, { sync: false }),
      ]);
      expect(await registry.get(a.instanceUrl)).toEqual({
        ...a,
        alias: 'alpha',
        budget: 0.1,
        authState: 'login-needed',
        sync: false,
      });
    });

    it('give one alias to one of two that ask at once', async () => {
      await using registry = await open();
      await registry.put(a);
      await registry.put(b);
      const asked = await Promise.allSettled(
        [a, b].map(({ instanceUrl }) => registry.update(instanceUrl, { alias: 'wanted' })),
      );
      expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect((await registry.list()).filter(({ alias }) => alias === 'wanted')).toHaveLength(1);
    });

    it('are connected once, and move to an address that is free', async () => {
      await using registry = await open();
      await registry.put(a);
      await registry.put(b);
      await expect(registry.put({ ...orgFor('c'), orgId: a.orgId })).rejects.toMatchObject({
        code: 'ORG_CONNECTED',
        details: { instanceUrl: a.instanceUrl },
      });
      await expect(registry.move(a.instanceUrl, b.instanceUrl)).rejects.toMatchObject({
        code: 'ORG_CONNECTED',
      });
      const to = 'https://moved.my.salesforce.com';
      expect(await registry.move(a.instanceUrl, to)).toEqual({ ...a, instanceUrl: to, apiUrl: to });
      expect((await registry.list()).map(({ instanceUrl }) => instanceUrl).sort()).toEqual(
        [b.instanceUrl, to].sort(),
      );
    });

    it('are not made by a change of one that is not there', async () => {
      await using registry = await open();
      await registry.setAuthState(a.instanceUrl, 'ok');
      for (const change of [
        registry.update(a.instanceUrl, { sync: false }),
        registry.move(a.instanceUrl, b.instanceUrl),
      ])
        await expect(change).rejects.toMatchObject({ code: 'UNKNOWN_ORG' });
      expect(await registry.list()).toEqual([]);
    });

    it('finds an org by alias, URL, host, username, in whatever case', async () => {
      await using registry = await open();
      await registry.put(a);
      await registry.put(b);
      await registry.put(
        orgFor('local', { instanceUrl: 'http://localhost:8080', apiUrl: 'http://localhost:8080' }),
      );
      for (const text of [
        'beta',
        'BETA',
        b.instanceUrl,
        `${b.instanceUrl}/`,
        'B.my.salesforce.com',
        'ada@B.example',
      ]) {
        expect((await registry.resolve(text)).instanceUrl).toBe(b.instanceUrl);
      }
      expect((await registry.resolve('localhost:8080')).username).toBe('ada@local.example');
      expect((await registry.resolve('localhost')).username).toBe('ada@local.example');
    });

    it('finds a renamed org by both addresses', async () => {
      await using registry = await open();
      await registry.put({ ...a, apiUrl: 'https://renamed.my.salesforce.com' });
      expect((await registry.resolve('renamed.my.salesforce.com')).instanceUrl).toBe(a.instanceUrl);
      expect((await registry.resolve('a.my.salesforce.com')).instanceUrl).toBe(a.instanceUrl);
    });

    it('says what there is when a name is unknown or fits several', async () => {
      await using registry = await open();
      await expect(registry.resolve('x')).rejects.toThrow(
        expect.objectContaining({ code: 'UNKNOWN_ORG', hint: expect.stringContaining('login') }),
      );
      await registry.put({ ...a, username: 'ada@same.example' });
      await registry.put({ ...b, username: 'ada@same.example' });
      await expect(registry.resolve('x')).rejects.toThrow(
        expect.objectContaining({ code: 'UNKNOWN_ORG', hint: `Connected: ${a.instanceUrl}, beta.` }),
      );
      await expect(registry.resolve('ada@same.example')).rejects.toThrow(
        expect.objectContaining({
          code: 'INVALID_INPUT',
          details: { known: [expect.objectContaining({ instanceUrl: a.instanceUrl }), expect.anything()] },
        }),
      );
    });

    it('takes no alias twice, and none that could be taken for a host or a username', async () => {
      await using registry = await open();
      await registry.put(b);
      await registry.put(a);
      await expect(registry.update(a.instanceUrl, { alias: 'Beta' })).rejects.toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining('Beta') }),
      );
      for (const alias of ['', 'a.b', 'a:b', 'ada@example', 'two words', '-x', 'x'.repeat(64)]) {
        await expect(registry.update(a.instanceUrl, { alias })).rejects.toThrow(
          expect.objectContaining({ code: 'INVALID_INPUT' }),
        );
      }
      expect(await registry.list()).toEqual([a, b]);
    });
  });
}
