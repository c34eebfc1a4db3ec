import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { Services } from '../../src/compose/services.ts';
import { applicationConfig } from '../../src/config/application-config.ts';
import { makeTempFolder } from '../auth/temp-folder.ts';

const opened = () => new Services(applicationConfig({ dataDir: 'nowhere' }, '/'), { log: silentLogger });

test('what is left open for later is closed once, when it is done with', async () => {
  const services = opened();
  const told: string[] = [];
  const first = services.closeLater(() => void told.push('first'));
  services.closeLater(() => void told.push('second'));
  await first();
  await first();
  expect(told).toEqual(['first']);
  await services[Symbol.asyncDispose]();
  expect(told).toEqual(['first', 'second']);
});

test('what is left open at the end is closed in the reverse order, whatever one of them says', async () => {
  const services = opened();
  const told: string[] = [];
  services.closeLater(() => void told.push('first'));
  services.closeLater(() => {
    throw new Error('stuck');
  });
  services.closeLater(async () => void told.push('last'));
  await expect(services[Symbol.asyncDispose]()).rejects.toThrow('stuck');
  expect(told).toEqual(['last', 'first']);
});

test('the list of orgs is opened by the first call, and not by who only hands it on', async () => {
  using folder = makeTempFolder();
  const dataDir = join(folder.path, 'data');
  await using services = new Services(applicationConfig({ dataDir }, '/'), { log: silentLogger });
  const { registry } = services;
  expect(existsSync(dataDir)).toBe(false);
  expect(await registry.list()).toEqual([]);
  expect(existsSync(join(dataDir, 'registry.db'))).toBe(true);
});
