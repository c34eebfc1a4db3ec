import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { control } from './org.ts';

let emulator: Emulator;
let cli: Cli;

beforeEach(async () => {
  // Its minute does not turn before the second copy is planned: what was read in it is not older than T0.
  const ahead = 65_000 - (Date.now() % 60_000);
  emulator = await startEmulator({ contacts: 0, wallClock: () => Date.now() + ahead });
  cli = new Cli();
  await cli.loginByToken(emulator, '--alias', 'prod');
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

/** Another user of the org, with a session. */
async function anotherUser(): Promise<{ url: string; accessToken: string; userId: string }> {
  const { url, accessToken, userId } = emulator;
  const soql = encodeURIComponent('SELECT Id, Username FROM User WHERE IsActive = true');
  const answer = await fetch(`${url}/services/data/v62.0/query?q=${soql}`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const { records } = (await answer.json()) as { records: { Id: string; Username: string }[] };
  const other = records.find(({ Id }) => Id !== userId)!;
  const session = await control<{ accessToken: string }>(url, 'sessions', { login: other.Username });
  return { url, accessToken: session.accessToken, userId: other.Id };
}

const hide = (ids: readonly string[], userId: string) =>
  control(emulator.url, 'visibility', { ids, hidden: true, userId });

/** A copy by `args`, of which some pages are read. */
async function halfRead(...args: string[]): Promise<void> {
  await control(emulator.url, 'faults', [
    { match: 'CreatedDate\\+%3E|ORDER', times: 100, skip: 8, status: 400, errorCode: 'MALFORMED_QUERY' },
  ]);
  const { code, stderr } = await cli.run(['backfill', 'prod', ...args]);
  expect({ code, stderr }).not.toMatchObject({ code: 0 });
  await control(emulator.url, 'faults', []);
}

function seen(): { live: string[]; gone: Record<string, number> } {
  const db = new Database(cli.databaseOf(emulator.url), { readonly: true });
  try {
    const live = db.prepare('select Id from contacts order by Id').pluck().all() as string[];
    const gone = db.prepare('select _gone, count(*) from contact where _gone is not null group by 1').raw();
    return { live, gone: Object.fromEntries(gone.all() as [string, number][]) };
  } finally {
    db.close();
  }
}

describe('a first copy that is half read when the org is given to another user', () => {
  it('is read again as that one, and holds what that one sees and nothing else', async () => {
    const { ids } = await control(emulator.url, 'contacts', { count: 600, seed: 3 });
    const other = await anotherUser();
    // Each of the two sees what the other does not; by far too many for the brake.
    const [onlyFirst, onlyOther] = [ids.slice(0, 250), ids.slice(300, 400)];
    await hide(onlyFirst, other.userId);
    await hide(onlyOther, emulator.userId);
    await control(emulator.url, 'settings', { maxPageRows: 50 });
    await halfRead('--api', 'rest');
    const before = seen().live;
    expect(before.length).toBeLessThan(500);
    expect(before.filter((id) => onlyFirst.includes(id)).length).toBeGreaterThan(100);
    await cli.loginByToken(other, '--replace-user');

    const { code, stdout, stderr } = await cli.run(['backfill', 'prod', '--json']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr.split('\n').filter((line) => line.includes('another user'))).toHaveLength(1);
    const { orgs } = JSON.parse(stdout) as { orgs: { resumed: boolean; compared: unknown }[] };
    expect(orgs[0]).toMatchObject({ resumed: false, compared: { org: 350, mirror: 350 } });
    const { live, gone } = seen();
    expect(live).toEqual(ids.filter((id) => !onlyFirst.includes(id)).sort());
    expect(gone).toEqual({ hidden: before.filter((id) => onlyFirst.includes(id)).length });

    const status = await cli.run(['backfill', 'prod', '--json']);
    expect(JSON.parse(status.stdout).orgs[0]).toMatchObject({ status: 'complete' });
  });

  it('goes on where the same user has logged in again', async () => {
    await control(emulator.url, 'contacts', { count: 500, seed: 3 });
    await control(emulator.url, 'settings', { maxPageRows: 50 });
    await halfRead('--api', 'rest');
    await cli.loginByToken(emulator, '--replace-user');
    const { orgs } = await cli.json<{ orgs: { resumed: boolean }[] }>(['backfill', 'prod']);
    expect(orgs[0]).toMatchObject({ resumed: true });
  });
});
