import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { calls, contactsOf, control } from './org.ts';

const extId = 'ParaHack_Id__c';
const hourMs = 3_600_000;

async function ready(emulator: Emulator): Promise<Cli> {
  const cli = new Cli();
  await cli.loginByToken(emulator);
  await cli.json(['backfill']);
  return cli;
}

async function push(cli: Cli, records: object[], ...flags: string[]) {
  const { code, stdout } = await cli.run(['push', '-', '--json', ...flags], {
    input: JSON.stringify(records),
  });
  return { code, ...(JSON.parse(stdout) as { results: { status: string }[]; error?: { code: string } }) };
}

async function watchOnce(cli: Cli, ...flags: string[]) {
  const { code, stdout } = await cli.run(['watch', '--once', '--json', ...flags]);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    code,
    cycle: lines.find(({ event }) => event === 'cycle:complete'),
    failed: lines.find(({ event }) => event === 'cycle:failed'),
    error: lines.at(-1)?.error as { code: string; hint: string } | undefined,
  };
}

const named = async (emulator: Emulator, name: string) =>
  (await contactsOf(emulator.url)).filter(({ LastName }) => LastName === name).length;
const statuses = (pushed: { results: { status: string }[] }) => pushed.results.map(({ status }) => status);
const collectionPosts = async (emulator: Emulator) =>
  (await calls(emulator.url)).filter(
    ({ method, path }) => method === 'POST' && path.endsWith('/composite/sobjects'),
  );

describe('a refusal that names no fault of the record', () => {
  it('and comes after the commit does not make the contact by a second way', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    for (const status of [404, 403, 405, 409, 412]) {
      const name = `Once ${status}`;
      await control(emulator.url, 'faults', [
        { match: 'POST .*/ui-api/records', times: 1, status, errorCode: 'NOT_FOUND', afterCommit: true },
      ]);
      expect(await push(cli, [{ LastName: name }])).toMatchObject({
        code: 0,
        results: [{ status: 'created' }],
      });
      expect(await named(emulator, name)).toBe(1);
    }
    expect(await collectionPosts(emulator)).toEqual([]);
  });

  it('leaves many creates in doubt, and none is sent again', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    await control(emulator.url, 'faults', [
      {
        match: 'POST .*/composite/sobjects$',
        times: 1,
        status: 404,
        errorCode: 'NOT_FOUND',
        afterCommit: true,
      },
    ]);
    const pushed = await push(
      cli,
      Array.from({ length: 30 }, () => ({ LastName: 'Many' })),
    );
    expect(pushed).toMatchObject({ code: 5, error: { code: 'IN_DOUBT' } });
    expect(new Set(statuses(pushed))).toEqual(new Set(['in-doubt']));
    // They are in doubt since then, not by this cycle.
    expect(await watchOnce(cli)).toMatchObject({
      code: 5,
      cycle: { inDoubt: 0, doubts: 30, outbox: { inDoubt: 30 } },
    });
    expect(await named(emulator, 'Many')).toBe(30);
  });
});

describe('two upserts of one external id in the outbox', () => {
  it('are both taken, the second after the first', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    await push(cli, [{ [extId]: 'Same-1', LastName: 'First' }], '--queue', '--upsert', extId);
    await push(cli, [{ [extId]: 'same-1', LastName: 'Second' }], '--queue', '--upsert', extId);
    expect(await watchOnce(cli)).toMatchObject({ code: 0, cycle: { pushed: 2, rejected: 0 } });
    expect([await named(emulator, 'First'), await named(emulator, 'Second')]).toEqual([0, 1]);
  });
});

describe('a change whose answer was lost', () => {
  it('is not repeated over a colleague’s edit a day later, but told as a conflict', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    const id = (await contactsOf(emulator.url))[0]?.Id;
    await control(emulator.url, 'faults', [
      { match: 'PATCH .*/composite/sobjects', times: 99, reset: 'after-commit' },
      { match: 'POST .*/composite/sobjects/Contact$', times: 99, status: 500 },
    ]);
    expect(await push(cli, [{ Id: id, Title: 'Ours' }])).toMatchObject({
      code: 5,
      results: [{ status: 'in-doubt' }],
    });
    await control(emulator.url, 'faults', []);
    await control(emulator.url, 'clock', { advanceMs: 24 * hourMs });
    await control(emulator.url, 'touch', { ids: [id], set: { Title: 'Theirs' } });
    expect(await watchOnce(cli)).toMatchObject({
      code: 4,
      cycle: { conflicts: 1, pushed: 0, outbox: { conflicts: 1, inDoubt: 0 } },
      error: { code: 'PARTIAL' },
    });
    const [contact] = (await contactsOf(emulator.url)).filter(({ Id }) => Id === id);
    expect(contact?.Title).toBe('Theirs');
    const { entries } = await cli.json<{ entries: { key: string; errors: { message: string }[] }[] }>([
      'outbox',
      'list',
      '--conflicts',
    ]);
    expect(entries[0]?.errors[0]?.message).toContain('"Theirs"');
    const { stdout: shown } = await cli.run(['outbox', 'show', entries[0]!.key]);
    expect(shown).toMatch(/Title +here Ours; Salesforce has Theirs\n/);
    // Undecided, it is nobody's news in the next cycle.
    expect(await watchOnce(cli)).toMatchObject({
      code: 0,
      cycle: { conflicts: 0, outbox: { conflicts: 1 } },
    });
    expect((await cli.run(['outbox', 'retry', '--all', '--take', 'local', '--in-doubt'])).code).toBe(2);
    expect(await cli.json(['outbox', 'retry', '--all', '--take', 'local'])).toMatchObject({
      keys: [entries[0]?.key],
    });
    expect(await watchOnce(cli)).toMatchObject({ code: 0, cycle: { pushed: 1, outbox: { conflicts: 0 } } });
    expect((await contactsOf(emulator.url)).find(({ Id }) => Id === id)?.Title).toBe('Ours');
  });
});

describe('a watch whose push meets trouble', () => {
  it('pulls all the same, says so, and ends with 5 for what it could not send', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    const [first, second] = (await contactsOf(emulator.url)).map(({ Id }) => Id);
    await push(cli, [{ Id: first, Title: 'Stuck' }], '--queue');
    await control(emulator.url, 'faults', [
      { match: 'PATCH .*/composite/sobjects', times: 99, status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
    ]);
    await control(emulator.url, 'touch', { ids: [second], set: { Title: 'Pulled' } });
    await control(emulator.url, 'clock', { advanceMs: 120_000 });
    const { code, cycle, failed, error } = await watchOnce(cli);
    expect({ code, failed, error }).toMatchObject({
      code: 5,
      failed: undefined,
      error: { code: 'IN_DOUBT' },
    });
    expect(cycle).toMatchObject({
      upserted: expect.any(Number),
      inDoubt: 1,
      pushError: { code: 'ORG_UNAVAILABLE' },
      outbox: { inDoubt: 1 },
    });
    const { runs } = await cli.json<{ runs: { kind: string; status: string }[] }>(['runs', '--limit', '1']);
    expect(runs).toMatchObject([{ kind: 'cycle', status: 'complete' }]);
  });

  it('ends with 4 for what was newly refused, and with 0 when nothing new is', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    await control(emulator.url, 'faults', [
      {
        match: 'POST .*/ui-api/records',
        times: 1,
        status: 400,
        errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
      },
    ]);
    await push(cli, [{ LastName: 'Refused' }], '--queue');
    expect(await watchOnce(cli)).toMatchObject({ code: 4, cycle: { rejected: 1, outbox: { rejected: 1 } } });
    expect(await watchOnce(cli)).toMatchObject({ code: 0, cycle: { rejected: 0, outbox: { rejected: 1 } } });
  });

  it('ends with 5 as long as an entry is in doubt or waits behind one, whichever cycle has left it', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    await cli.json(['orgs', 'set', emulator.url, '--two-way', 'on']);
    const { orgs } = await cli.json<{ orgs: { database: string }[] }>(['status']);
    const program = new Database(orgs[0]!.database);
    using stack = new DisposableStack();
    stack.defer(() => program.close());
    const many = Array.from({ length: 40 }, (_, index) => `('k${index}', 'Doubtful')`).join(', ');
    program.exec(`INSERT INTO contacts (_key, LastName) VALUES ${many}`);
    await control(emulator.url, 'faults', [
      { match: 'POST .*/composite/sobjects$', times: 1, reset: 'after-commit' },
    ]);
    expect(await watchOnce(cli)).toMatchObject({ code: 5, cycle: { inDoubt: 40, doubts: 40 } });
    expect(await watchOnce(cli)).toMatchObject({
      code: 5,
      cycle: { inDoubt: 0, doubts: 40, unsent: 0 },
      error: { code: 'IN_DOUBT' },
    });
    program.exec("UPDATE contacts SET Title = 'Later' WHERE _key LIKE 'k%'");
    expect(await watchOnce(cli)).toMatchObject({
      code: 5,
      cycle: { inDoubt: 0, doubts: 40, unsent: 40, behind: { inDoubt: 40 }, outbox: { pending: 40 } },
      error: { code: 'IN_DOUBT' },
    });
    expect(await watchOnce(cli, '--no-push')).toMatchObject({ code: 0, cycle: { unsent: 0, doubts: 0 } });
    await control(emulator.url, 'clock', { advanceMs: 600_000 });
    expect(await watchOnce(cli)).toMatchObject({ code: 0, cycle: { pushed: 80, unsent: 0, doubts: 0 } });
  });

  it('tells a limit of the whole org with where to look, and goes on when it is over', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    await control(emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', times: 1, status: 403, errorCode: 'LIMIT_EXCEEDED' },
    ]);
    await push(cli, [{ LastName: 'One' }, { LastName: 'Two' }], '--queue');
    const { code, cycle, error } = await watchOnce(cli);
    expect({ code, error }).toMatchObject({
      code: 5,
      error: { code: 'UNSENT', hint: expect.stringContaining('limits') },
    });
    expect(cycle).toMatchObject({
      unsent: 2,
      pushError: { code: 'REQUEST_LIMIT_EXCEEDED' },
      outbox: { pending: 2 },
    });
    expect(await watchOnce(cli)).toMatchObject({ code: 0, cycle: { pushed: 2, unsent: 0 } });
  });

  it('leaves in doubt what may have been made, where an answer was lost and a limit came behind it', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    const creates = 'POST .*/ui-api/records';
    await control(emulator.url, 'faults', [
      { match: creates, times: 1, reset: 'after-commit' },
      { match: creates, times: 99, status: 403, errorCode: 'LIMIT_EXCEEDED' },
    ]);
    expect(await push(cli, [{ LastName: 'Perhaps' }])).toMatchObject({ code: 5 });
    type Told = { key: string; state: string; doubt: { reason: string } | null };
    const { entries } = await cli.json<{ entries: Told[] }>(['outbox', 'list']);
    expect(entries).toMatchObject([{ state: 'in-doubt' }]);
    const [{ key } = { key: '' }] = entries;
    const shown = await cli.run(['outbox', 'show', key]);
    expect(shown.stdout.replace(/\s+/g, ' ')).toContain(
      'sends it again with its key, by which Salesforce makes it once',
    );
    const settled = await cli.run(['outbox', 'settle', '--auto', '--json']);
    expect(JSON.parse(settled.stdout)).toMatchObject({
      settled: [],
      inDoubt: [{ key, state: 'in-doubt', doubt: { reason: 'repeatable' } }],
    });
    await control(emulator.url, 'faults', []);
    expect(await watchOnce(cli)).toMatchObject({ code: 0, cycle: { pushed: 1 } });
    const made = (await contactsOf(emulator.url)).filter(({ LastName }) => LastName === 'Perhaps');
    expect(made).toHaveLength(1);
  });

  it('waits for a locked row and tries again by itself, few creates as well as many', async () => {
    await using emulator = await startEmulator({ contacts: 3 });
    using cli = await ready(emulator);
    await control(emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', times: 2, status: 400, errorCode: 'UNABLE_TO_LOCK_ROW' },
    ]);
    expect(await push(cli, [{ LastName: 'Locked' }])).toMatchObject({ code: 0 });
    await control(emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', times: 99, status: 400, errorCode: 'UNABLE_TO_LOCK_ROW' },
    ]);
    expect(await push(cli, [{ LastName: 'Locked for long' }])).toMatchObject({
      code: 5,
      results: [{ status: 'queued' }],
      error: { code: 'UNSENT' },
    });
    await control(emulator.url, 'faults', []);
    expect(await watchOnce(cli)).toMatchObject({ code: 0, cycle: { pushed: 1 } });
    expect([await named(emulator, 'Locked'), await named(emulator, 'Locked for long')]).toEqual([1, 1]);
  });
});
