import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../src/contract/watch.ts';
import type { WatchedOrg } from '../../src/daemon/watched-org.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { newEntry } from '../contract/new-entry.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { type OpenServices, openServices } from './open-services.ts';

const minute = 60_000;

let emulator: Emulator;
let app: OpenServices;
let watched: WatchedOrg;
let events: WatchEvent[];
let passedMs: number;

const signal = new AbortController().signal;
const names = () => events.map(({ event }) => event).filter((event) => !event.startsWith('backfill:'));
const said = () => app.said.filter((line) => line.startsWith('warn') && line.includes('Region__c'));
/** As an org does whose bulk jobs of the day are used up, or that cannot answer in time, for this field alone. */
const refuse = (answer: object) =>
  control(emulator.url, 'faults', [{ match: 'GET .*/query\\?q=.*Region__c', times: 1_000, ...answer }]);

async function mirrorOf() {
  const { mirrors } = app.services;
  return mirrors.open(emulator.url, { create: false });
}

async function isFilled(): Promise<boolean> {
  await using mirror = await mirrorOf();
  const field = (await mirror.schema.fields()).find(({ name }) => name === 'Region__c');
  return field?.unfilled === false;
}

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 20 });
  app = openServices(emulator);
  passedMs = 0;
  events = [];
  const { clock } = app.services;
  const now = () => clock.now() + passedMs;
  Object.assign(app.services, {
    clock: { ...clock, now, monotonicMs: () => clock.monotonicMs() + passedMs },
  });
  const org = await app.services.processOrg();
  if (org === null) throw new Error('no org');
  watched = await openWatchedOrg(app.services, org, {
    options: { push: true, once: false, intervalMs: 5 * minute, reconcileEveryMs: null },
    signal,
    tell: (event) => events.push(event),
  });
  await watched.firstCopy(signal);
  expect(await watched.cycle(signal)).toBeNull();
  await control(emulator.url, 'settings', { addFields: [{ name: 'Region__c', type: 'string' }] });
  await control(emulator.url, 'touch', { count: 3, set: { Region__c: 'North' } });
  events.length = 0;
});
afterEach(async () => {
  await watched[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await emulator.close();
});

describe.each([
  ['refused, as where the bulk jobs of the day are used up', { status: 400, errorCode: 'EXCEEDED_QUOTA' }],
  ['not answered, as where that takes too long', { status: 503, errorCode: 'SERVER_UNAVAILABLE' }],
])('a new column whose filling is %s', (_, answer) => {
  it('keeps neither cycles nor what waits from being made and sent, is told once, and filled within the hour that it may be', async () => {
    await refuse(answer);
    await using mirror = await mirrorOf();
    await mirror.outbox.add([newEntry({ createdAt: Date.now() })]);

    const work = await watched.cycle(signal);
    expect(names()).toEqual(['cycle:complete']);
    expect(events[0]).toMatchObject({ upserted: 3, pushed: 1, unsent: 0 });
    expect(work?.kind).toBe('fill');
    await work?.run(signal);
    expect(said()).toEqual([expect.stringMatching(/Region__c .* hour/)]);
    expect(await isFilled()).toBe(false);

    passedMs += 50 * minute;
    expect(await watched.cycle(signal)).toBeNull();
    passedMs += 11 * minute;
    await (await watched.cycle(signal))?.run(signal);
    expect(said()).toHaveLength(1);
    expect(names()).toEqual(['cycle:complete', 'cycle:complete', 'cycle:complete']);
    expect(await isFilled()).toBe(false);

    await control(emulator.url, 'faults', []);
    passedMs += 61 * minute;
    await (await watched.cycle(signal))?.run(signal);
    expect(await isFilled()).toBe(true);
    expect(await watched.cycle(signal)).toBeNull();
  });
});

it('a new column is filled once behind the cycle that has found it', async () => {
  const work = await watched.cycle(signal);
  expect(work?.kind).toBe('fill');
  await work?.run(signal);
  expect(await isFilled()).toBe(true);
  expect(await watched.cycle(signal)).toBeNull();
  expect(said()).toEqual([]);
  await using mirror = await mirrorOf();
  const { Region__c } = (await contactsOf(emulator.url)).find(({ Region__c }) => Region__c !== null) ?? {};
  expect(Region__c).toBe('North');
  expect((await mirror.contacts.idsBy('Region__c', ['North'])).size).toBe(1);
});

it('a login that is gone while a new column is filled is told as such', async () => {
  const work = await watched.cycle(signal);
  await refuse({ status: 401, errorCode: 'INVALID_SESSION_ID' });
  await expect(work?.run(signal)).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' });
});
