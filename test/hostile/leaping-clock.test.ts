import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { Cli } from '../e2e/cli.ts';
import { FakeOrg } from './fake-org.ts';

const day = 86_400_000;
const minute = 60_000;

interface Line {
  event: string;
  coveredUntil?: string;
  upserted?: number;
  error?: { code: string; message: string; hint: string };
}

/** A fake org with a complete mirror, in a data folder of its own. */
async function copied() {
  const org = await FakeOrg.start();
  for (const LastName of ['Ada', 'Bo']) org.contacts.create({ LastName }, org.now() - day);
  const cli = new Cli();
  await cli.loginByToken(org);
  await cli.json(['backfill']);
  return {
    org,
    cli,
    async cycle() {
      const { code, stdout, stderr } = await cli.run(['watch', '--once', '--json']);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
      const event = lines.find((line) => line.event.startsWith('cycle:'));
      return { code, event, stderr };
    },
    /** What the org says and the mirror holds of it, by last name. */
    names() {
      const db = new Database(cli.databaseOf(org.url), { readonly: true });
      try {
        return db.prepare('SELECT LastName FROM contacts ORDER BY LastName').pluck().all();
      } finally {
        db.close();
      }
    },
    times() {
      const db = new Database(cli.databaseOf(org.url), { readonly: true });
      try {
        const reads = db.prepare('SELECT max(_read_at) FROM contact').pluck().get() as string;
        const cursors = db
          .prepare('SELECT * FROM cursor')
          .all()
          .map((row) => JSON.stringify(row));
        return { reads: Date.parse(reads), cursors };
      } finally {
        db.close();
      }
    },
    async [Symbol.asyncDispose]() {
      cli[Symbol.dispose]();
      await org[Symbol.asyncDispose]();
    },
  };
}

/** Alters the answers to one route, or to all: their `Date`, and what they say they cover. */
function lie(org: FakeOrg, leapMs: number, { route, times }: { route?: string; times: number }): void {
  let left = times;
  org.hostility = (name, healthy) => {
    if (left <= 0 || (route !== undefined && name !== route)) return null;
    left--;
    const ahead = (text: string) => new Date(Date.parse(text.replace('+0000', 'Z')) + leapMs);
    const body = healthy.body.toString().replace(/"latestDateCovered":"([^"]*)"/, (_, at: string) => {
      return `"latestDateCovered":"${ahead(at).toISOString().replace('Z', '+0000')}"`;
    });
    const date = ahead(healthy.headers.date ?? '').toUTCString();
    return { ...healthy, headers: { ...healthy.headers, date }, body: Buffer.from(body) };
  };
}

describe('one answer that tells another time', () => {
  it.each([
    ['next month', 30 * day],
    ['in three days', 3 * day],
    ['a month ago', -30 * day],
  ])('(%s) moves no cursor there, dates no row and skips no change', async (_, leapMs) => {
    await using copy = await copied();
    const { org } = copy;
    for (const route of [undefined, 'updated', 'deleted', 'retrieve']) {
      org.contacts.create({ LastName: `Cy ${route}` }, org.now());
      lie(org, leapMs, { route, times: 1 });
      const { code, event } = await copy.cycle();
      expect(code).toBe(0);
      const covered = Date.parse(event?.coveredUntil ?? '');
      expect(Math.abs(covered - Date.now())).toBeLessThan(3 * minute);
      expect(Math.abs(copy.times().reads - Date.now())).toBeLessThan(3 * minute);
      expect(copy.names()).toContain(`Cy ${route}`);
    }
    org.hostility = null;
    org.contacts.create({ LastName: 'Di' }, org.now());
    expect((await copy.cycle()).code).toBe(0);
    expect(copy.names()).toContain('Di');
  });

  it('is told', async () => {
    await using copy = await copied();
    lie(copy.org, 30 * day, { times: 1 });
    const { stderr } = await copy.cycle();
    expect(stderr).toMatch(/30 days ahead of what was expected/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('a clock that has really changed', () => {
  it.each([
    ['ahead by ten days', 10 * day],
    ['ahead by an hour', 60 * minute],
  ])('%s is believed within the cycle, as it stays', async (_, leapMs) => {
    await using copy = await copied();
    const { org } = copy;
    org.clockMs += leapMs;
    org.contacts.create({ LastName: 'Ed' }, org.now());
    const { code, event, stderr } = await copy.cycle();
    expect(code).toBe(0);
    expect(stderr).toContain('as its answers agree, it is believed');
    expect(stderr).toContain('parahack-sync doctor');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    const doctor = await copy.cli.run(['doctor']);
    expect(doctor.stderr).not.toContain('clock');
    expect(doctor.stdout.match(/this machine's clock is/g)).toHaveLength(1);
    expect(Math.abs(Date.parse(event?.coveredUntil ?? '') - org.now())).toBeLessThan(3 * minute);
    expect(copy.names()).toContain('Ed');
  });
});

describe('one route whose answers are all dated wrong', () => {
  it.each([
    ['updated', 30 * day],
    ['updated', -30 * day],
    ['deleted', 30 * day],
  ])('(%s, by %i ms) dates no row of the others', async (route, leapMs) => {
    await using copy = await copied();
    const { org } = copy;
    org.hostility = (name, healthy) => {
      if (name !== route) return null;
      const date = new Date(Date.parse(healthy.headers.date ?? '') + leapMs).toUTCString();
      return { ...healthy, headers: { ...healthy.headers, date } };
    };
    for (const LastName of ['Gus', 'Hal']) {
      org.contacts.create({ LastName }, org.now());
      expect(await copy.cycle()).toMatchObject({ code: 0, event: { event: 'cycle:complete' } });
      expect(copy.names()).toContain(LastName);
      expect(Math.abs(copy.times().reads - Date.now())).toBeLessThan(3 * minute);
    }
  });
});

describe('a cursor in the org’s future', () => {
  it('is an error of its own with a way back, is seen by status and doctor, and mended by a watch', async () => {
    await using copy = await copied();
    const { org, cli } = copy;
    // The org lies for a whole cycle and longer, so that it is believed.
    org.clockMs = 3 * day;
    expect((await copy.cycle()).code).toBe(0);
    org.clockMs = 0;
    org.contacts.create({ LastName: 'Flo' }, org.now());
    const before = copy.times();

    const refused = await cli.run(['backfill', '--json']);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout).orgs).toMatchObject([
      { error: { code: 'CURSOR_IN_FUTURE', hint: expect.stringContaining('`parahack-sync reconcile`') } },
    ]);
    expect(copy.times().cursors).toEqual(before.cursors);

    const status = await cli.json<{ orgs: { lagSeconds: number | null }[] }>(['status']);
    expect(status.orgs[0]?.lagSeconds).toBeNull();
    expect((await cli.run(['status'])).stdout).not.toMatch(/0 ?m?s behind/);
    const doctor = await cli.run(['doctor', '--json']);
    const { checks } = JSON.parse(doctor.stdout) as {
      checks: { name: string; status: string; hint: string }[];
    };
    const mirror = checks.find(({ name }) => name.startsWith('mirror'));
    expect(mirror).toMatchObject({ status: 'fail' });
    expect(mirror?.hint).toContain('`parahack-sync reconcile`');

    expect(await copy.cycle()).toMatchObject({ code: 0, event: { event: 'cycle:complete' } });
    expect(copy.names()).toContain('Flo');
    expect(copy.times().reads).toBeLessThan(org.now() + minute);
    // Nobody has to do it once more.
    expect((await cli.run(['watch', '--once', '--json'])).stdout).not.toContain('reconcile:start');
  });
});
