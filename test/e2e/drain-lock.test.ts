import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.ts';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import { hostKeyOf } from '../../src/org/instance-url.ts';
import { Cli, ended } from './cli.ts';
import { calls, contactsOf } from './org.ts';

/** Long beside the 0.2 s of a push, so that one that does not wait has surely sent by then. */
const longEnoughMs = 1_500;

describe("an org's outbox is sent by one process at a time", () => {
  it('so a push waits for another process that is sending, and a watch does too', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = new Cli();
    await cli.loginByToken(emulator);
    await cli.json(['backfill']);
    const drainLease = `outbox-${hostKeyOf(emulator.url)}`;
    const pushed = async () =>
      (await contactsOf(emulator.url)).filter(({ LastName }) => LastName === 'Waits').length;

    let lease = await openFileLeases(join(cli.dataDir, 'locks')).take(drainLease);
    expect(lease).not.toBeNull();
    const push = cli.start(['push', '-', '--json']);
    push.stdin?.end('{"LastName":"Waits"}');
    const pushEnd = ended(push);
    await once(push.stderr!, 'data');
    await Promise.race([pushEnd, delay(longEnoughMs)]);
    expect(push.exitCode).toBeNull();
    expect(await pushed()).toBe(0);
    await lease?.release();
    expect((await pushEnd).code).toBe(0);
    expect(await pushed()).toBe(1);

    await cli.json(['push', '-', '--queue'], '{"LastName":"Waits"}');
    lease = await openFileLeases(join(cli.dataDir, 'locks')).take(drainLease);
    const watch = cli.start(['watch', '--once', '--json']);
    const watchEnd = ended(watch);
    while (!(await calls(emulator.url)).some(({ path }) => path.includes('/deleted'))) await delay(20);
    await Promise.race([watchEnd, delay(longEnoughMs)]);
    expect(watch.exitCode).toBeNull();
    expect(await pushed()).toBe(1);
    await lease?.release();
    expect((await watchEnd).code).toBe(0);
    expect(await pushed()).toBe(2);
  });
});
