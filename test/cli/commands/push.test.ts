import {
  closeSync,
  existsSync,
  linkSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.ts';
import type { CliIo } from '../../../src/cli/cli-io.ts';
import type {
  PushCounts,
  PushItem,
  PushOptions,
  PushRecord,
  PushResult,
  PushStatus,
} from '../../../src/contract/push.ts';
import { fakeApp } from '../support/fake-app.ts';
import { pushResultOf } from '../support/fake-push.ts';
import { json, runMain } from '../support/run-main.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'parahack-push-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const refusal = {
  code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
  message: 'No such phone.',
  fields: ['Phone'],
  duplicates: [],
};

async function readAll({ records }: PushOptions): Promise<PushRecord[]> {
  const all: PushRecord[] = [];
  for await (const batch of records) all.push(...batch);
  return all;
}

function resultOf(
  records: readonly PushRecord[],
  statuses: PushStatus[],
  more: Partial<PushCounts> = {},
): PushResult {
  const items = records.map(({ index, source, line }, at): PushItem => {
    const status = statuses[at] ?? 'created';
    const errors = status === 'rejected' ? [refusal] : [];
    const id = status === 'created' ? `003-${at}` : null;
    return { index, source, line, key: `key-${at}`, status, id, errors };
  });
  return pushResultOf(items, { ...more, records });
}
function pushing(statuses: PushStatus[] = [], more: Partial<PushCounts> = {}) {
  const read: PushRecord[] = [];
  const fake = fakeApp({
    async push(options) {
      read.push(...(await readAll(options)));
      return resultOf(read, statuses, more);
    },
  });
  return { ...fake, read };
}
const three = '{"LastName":"A"}\n{"LastName":"B"}\n{"LastName":"C"}\n';

test('its options, and the records of several files and standard input in order', async () => {
  writeFileSync(join(cwd, 'a.csv'), 'LastName,Phone\nNg,1\n');
  writeFileSync(join(cwd, 'b.json'), '[{"LastName":"Li"}]');
  const { app, calls, read } = pushing();
  const argv = [
    'push',
    'a.csv',
    '-',
    'b.json',
    '--org',
    'prod',
    '--upsert',
    'Key__c',
    '--dry-run',
    '--queue',
    '--all-or-none',
    '--allow-duplicates',
    '--api',
    'collections',
  ];
  const { code } = await runMain(argv, { app, cwd, stdin: '{"LastName":"Bo"}' });
  expect(code).toBe(0);
  expect(calls[0]?.options).toMatchObject({
    org: 'prod',
    upsertField: 'Key__c',
    dryRun: true,
    queue: true,
    allOrNone: true,
    allowDuplicates: true,
    api: 'collections',
  });
  expect(read).toEqual([
    {
      source: 'a.csv',
      index: 0,
      line: 2,
      fields: { LastName: 'Ng', Phone: '1' },
      untyped: true,
      header: ['LastName', 'Phone'],
    },
    { source: '-', index: 0, line: 1, fields: { LastName: 'Bo' }, untyped: false },
    { source: 'b.json', index: 0, line: 1, fields: { LastName: 'Li' }, untyped: false },
  ]);
});

test('without a file, standard input is read; at a terminal, that is a mistake', async () => {
  const { app, calls, read } = pushing();
  await runMain(['push'], { app, stdin: '[]' });
  expect([calls.length, read]).toEqual([1, []]);
  const stdin = { isTTY: true } as unknown as NodeJS.ReadStream;
  expect((await runMain(['push'], { app, io: { stdin } })).code).toBe(2);
});

test('a push that fails does not wait for the rest of an input that stays open', async () => {
  const { app } = fakeApp({
    push: async () => {
      throw new AppError('LOGIN_REQUIRED', 'Nobody is logged in.', { hint: 'Log in.' });
    },
  });
  const stdin = new PassThrough();
  stdin.write('{"LastName":"Bo"}\n'.repeat(300));
  const { code } = await runMain(['push'], { app, io: { stdin: stdin as unknown as CliIo['stdin'] } });
  expect(code).toBe(3);
});

describe('exit codes', () => {
  const stopped = {
    code: 'NETWORK_UNREACHABLE',
    message: 'acme cannot be reached.',
    hint: null,
    details: null,
  };
  test.each<[string, PushStatus[], string[], PushCounts['stopped'], number, string | null]>([
    ['all created', ['created', 'created', 'created'], [], null, 0, null],
    ['valid in a dry run', ['valid', 'valid', 'valid'], ['--dry-run'], null, 0, null],
    ['queued on request', ['queued', 'queued', 'queued'], ['--queue'], null, 0, null],
    ['one refused', ['created', 'rejected', 'created'], [], null, 4, 'PARTIAL'],
    ['one in conflict', ['created', 'conflict', 'created'], [], null, 4, 'PARTIAL'],
    ['one held', ['created', 'held', 'created'], [], null, 4, 'PARTIAL'],
    ['in doubt beats refused', ['created', 'rejected', 'in-doubt'], [], null, 5, 'IN_DOUBT'],
    ['all created while an older entry is stuck', ['created', 'created', 'created'], [], stopped, 0, null],
    ['unsent beats refused', ['created', 'rejected', 'queued'], [], stopped, 5, 'UNSENT'],
    [
      'a needed login says so',
      ['queued', 'queued', 'queued'],
      [],
      { ...stopped, code: 'LOGIN_REQUIRED' },
      3,
      'LOGIN_REQUIRED',
    ],
    [
      'interrupted',
      ['created', 'queued', 'queued'],
      [],
      { ...stopped, code: 'INTERRUPTED' },
      130,
      'INTERRUPTED',
    ],
  ])('%s', async (_, statuses, flags, why, exitCode, errorCode) => {
    const { app } = pushing(statuses, { stopped: why });
    const { code, stdout } = await runMain(['push', '--json', ...flags], { app, stdin: three });
    expect(code).toBe(exitCode);
    const document = json(stdout);
    expect(Object.keys(document)).toEqual(
      expect.arrayContaining(['instanceUrl', 'results', 'created', 'updated', 'rejected', 'queued', 'runId']),
    );
    expect(document.results).toHaveLength(3);
    expect((document.error as { code: string } | undefined)?.code ?? null).toBe(errorCode);
  });
});

test('a dry run tells how the records would be sent', async () => {
  const plan: PushCounts['plan'] = {
    sends: [
      { does: 'create', way: 'bulk', records: 40_000, jobs: 2, requests: 6 },
      { does: 'create', way: 'ui-api', records: 1, jobs: 0, requests: 1 },
    ],
    held: 3,
    behind: 1,
    waiting: 2,
    older: 2,
    requests: { writes: 7, others: null },
  };
  const { app } = pushing(['valid', 'valid', 'valid'], { plan });
  const told = await runMain(['push', '--dry-run'], { app, stdin: three });
  const [, text] = told.stdout.split('creates).\n');
  expect(text).toBe(
    [
      'DOES    RECORDS  WAY                              WRITES',
      'create  40,000   2 bulk ingest jobs               6',
      'create  1        alone, by the UI API with a key  1',
      '7 requests that write, and how many others it takes cannot be known before.',
      '3 records would be held until `parahack-sync outbox approve --all` releases them.',
      '1 record would wait for earlier changes of their contacts, which somebody has to decide.',
      '2 records would wait until Salesforce has said that an earlier request of the same contact, which got no answer, is over.',
      '2 other entries of the outbox would be sent along.',
      '',
    ].join('\n'),
  );
  const { stdout } = await runMain(['push', '--dry-run', '--json'], { app, stdin: three });
  expect(json(stdout).plan).toEqual(plan);
});

test('a dry run of a push that is gone on with tells what was given up, and promises no write of it', async () => {
  const { app } = pushing(['dropped', 'valid', 'valid'], { plan: null });
  const { code, stdout, stderr } = await runMain(['push', '--dry-run'], { app, stdin: three });
  expect(code).toBe(4);
  expect(stdout).toMatch(/: 1 dropped, 2 valid\.\n$/);
  expect(stderr).toContain('What was given up is not sent');
});

test('whoever stops a push is told that the same push again sends nothing twice', async () => {
  const why = { code: 'INTERRUPTED', message: 'stopped', hint: null, details: null };
  const { stdout } = await runMain(['push', '--json'], {
    app: pushing(['created', 'queued', 'queued'], { stopped: why }).app,
    stdin: three,
  });
  const { hint } = json(stdout).error as { hint: string };
  expect(hint).toMatch(/^2 records wait in the outbox .* sends nothing twice\.$/);
});

test('a push that a full disk ends with records in doubt says so, and where they are seen', async () => {
  const why = { code: 'DISK_FULL', message: 'No room.', hint: 'Free some space.', details: null };
  const { stdout } = await runMain(['push', '--json'], {
    app: pushing(['created', 'in-doubt', 'queued'], { stopped: why }).app,
    stdin: three,
  });
  expect(json(stdout).error).toMatchObject({
    code: 'IN_DOUBT',
    message: expect.stringMatching(/ended: No room\.$/),
    hint: expect.stringMatching(/^Free some space\. .*--state in-doubt,sent`\.$/),
  });
});

test('the command that a push is to be followed by ends its hint, so that it can be copied', async () => {
  const hint = 'Run: parahack-sync login --instance-url https://acme.my.salesforce.com';
  const why = { code: 'LOGIN_REQUIRED', message: 'ended', hint, details: null };
  const { stdout } = await runMain(['push', '--json'], {
    app: pushing(['created', 'created', 'queued'], { stopped: why }).app,
    stdin: three,
  });
  expect(json(stdout).error).toMatchObject({
    hint: expect.stringMatching(
      /^1 record waits in the outbox .* sends nothing twice\. Run: parahack-sync login/,
    ),
  });
  expect((json(stdout).error as { hint: string }).hint.endsWith(hint)).toBe(true);
});

test.each([
  ['INTERRUPTED', 130, false],
  ['TERMINATED', 143, false],
  [null, 0, true],
] as const)(
  'a push that all was sent of and that ends by %s ends as %i, and has been told: %s',
  async (code, exit, isTold) => {
    const stopped = code === null ? null : { code, message: 'stopped', hint: null, details: null };
    const pushed: PushResult[] = [];
    const { app } = fakeApp({
      async push(options) {
        const result = resultOf([...(await readAll(options))], ['created', 'created', 'created'], {
          stopped,
        });
        pushed.push(result);
        return result;
      },
    });
    const { code: ended, stdout } = await runMain(['push', '--json'], { app, stdin: three });
    expect([ended, pushed[0]?.isTold]).toEqual([exit, isTold]);
    // A script that meets these codes runs the same command again.
    if (code !== null)
      expect(json(stdout).error).toMatchObject({ hint: expect.stringContaining('sends nothing twice') });
  },
);

test('a limit that says when it is worth while again is told with that time, by exit 5', async () => {
  const why = {
    code: 'REQUEST_LIMIT_EXCEEDED',
    message: 'acme is at one of its limits: EXCEEDEDQUOTA.',
    hint: 'A watch tries again from 2026-11-27T09:00:00Z on.',
    details: { retryAfterMs: 3_600_000 },
  };
  const { code, stdout } = await runMain(['push', '--json'], {
    app: pushing(['created', 'queued', 'queued'], { stopped: why }).app,
    stdin: three,
  });
  expect(code).toBe(5);
  expect(json(stdout).error).toMatchObject({
    code: 'UNSENT',
    message: expect.stringContaining('EXCEEDEDQUOTA'),
    hint: expect.stringContaining(why.hint),
  });
});

test('the text shows each record and its reason, and the counts', async () => {
  const { stdout, stderr } = await runMain(['push'], {
    app: pushing(['created', 'rejected']).app,
    stdin: three,
  });
  expect(stdout).toContain('-:2 #2  rejected  -      FIELD_CUSTOM_VALIDATION_EXCEPTION: No such phone.');
  expect(stdout).toContain('2 created, 1 rejected.');
  expect(stderr).toContain('Error: 1 of 3 records was not accepted.');
});

describe('what waits behind an earlier change of its contact is not told to wait for the next push', () => {
  const none = { conflicts: 0, held: 0, inDoubt: 0 };
  const failing = async (behind: typeof none, stopped: PushCounts['stopped'] = null) => {
    const { app } = pushing(['created', 'queued', 'queued'], { behind, stopped });
    const { code, stdout } = await runMain(['push', '--json'], { app, stdin: three });
    const error = json(stdout).error as { code: string; message: string; hint: string };
    expect(error.code).toBe('UNSENT');
    return { ...error, code };
  };
  test.each([
    [{ ...none, conflicts: 2 }, 'outbox list --conflicts', 'outbox retry KEY --take salesforce'],
    [{ ...none, held: 2 }, 'outbox list --state held', 'outbox approve --all'],
    [{ ...none, inDoubt: 2 }, 'outbox list --state in-doubt', 'outbox settle --auto'],
  ])('%j', async (behind, list, command) => {
    const { code, message, hint } = await failing(behind);
    expect([code, message]).toEqual([
      5,
      '2 records wait behind earlier changes of their contacts that somebody has to decide.',
    ]);
    expect(hint).toContain(list);
    expect(hint).toContain(command);
    expect(hint).toContain('Pushing again does not help');
    expect(hint).not.toContain('for the next');
  });

  test('where others can be sent later, both are told', async () => {
    const { code, hint } = await failing({ ...none, conflicts: 1 });
    expect(code).toBe(5);
    expect(hint).toContain('for the next `watch` cycle or `push`');
    expect(hint).toContain('Of 1 record an earlier change has to be decided first.');
    expect(hint).toContain('--take salesforce');
  });
});

describe('the hint says what to do', () => {
  const hintOf = async (statuses: PushStatus[], flags: string[] = []) => {
    const { app } = pushing(statuses);
    const { stdout } = await runMain(['push', '--json', ...flags], { app, cwd, stdin: three });
    return json(stdout).error as { message: string; hint: string };
  };

  test('never to push the whole input again, which would create the accepted records twice', async () => {
    const { hint } = await hintOf(['created', 'rejected', 'created']);
    expect(hint).toContain('push these alone');
    expect((await hintOf(['created', 'rejected', 'created'], ['--rejects', 'r.csv'])).hint).toContain(
      'mend it and push that file alone',
    );
  });

  test('and of no others where all were refused, as in an --all-or-none push', async () => {
    const { hint } = await hintOf(['rejected', 'rejected', 'rejected']);
    expect(hint).toContain('mend what was refused and push it again.');
    expect(hint).not.toContain('the others');
  });

  test('to approve what is held, which nobody has refused', async () => {
    const { message, hint } = await hintOf(['held', 'held', 'held']);
    expect(message).toBe('3 of 3 records are held until they are approved.');
    expect(hint).toContain('`parahack-sync outbox approve --all`');
    expect(hint).not.toContain('mended');
  });

  test('and the details count each kind by its name', async () => {
    const { app } = pushing(['held', 'held', 'held']);
    const { stdout } = await runMain(['push', '--json'], { app, cwd, stdin: three });
    expect(json(stdout).error).toMatchObject({
      details: { refused: 0, held: 3, conflicts: 0, dropped: 0 },
    });
    const mixed = pushing(['rejected', 'conflict', 'dropped']);
    const told = await runMain(['push', '--json'], { app: mixed.app, cwd, stdin: three });
    expect(json(told.stdout).error).toMatchObject({
      details: { refused: 1, held: 0, conflicts: 1, dropped: 1 },
    });
  });

  test('to decide a conflict', async () => {
    expect((await hintOf(['created', 'conflict', 'created'])).hint).toContain('--take salesforce');
  });

  test.each([
    ['-', 1, 'data', "… | jq '.data' > NEW"],
    ["it's.json", 1, 'data.contacts', "jq '.data.contacts' 'it'\\''s.json' > NEW"],
    ['pages.json', 3, 'data', "jq '.data[]' 'pages.json' > NEW"],
    ['-', 3, 'compositeResponse[].body', "… | jq '.compositeResponse[].body' > NEW"],
  ])('how to take out what is wrapped: %s, %i', async (source, records, path, command) => {
    const fault = { source, index: 0, line: 1, field: path, code: 'WRAPPED_RECORDS', message: 'A list.' };
    const { app } = fakeApp({
      push: async (options) =>
        pushResultOf([], { faults: [fault], records: (await readAll(options)).slice(0, records) }),
    });
    const { code, stderr } = await runMain(['push'], { app, cwd, stdin: three });
    expect(code).toBe(2);
    expect(stderr).toContain('The records are wrapped in a member of');
    expect(stderr).toContain(`take them out with \`${command}\``);
  });

  test('how to mend a file that was read in a wrong encoding, quoted for the shell, pushing no part of it', async () => {
    const place = { source: "a b's.csv", index: 0, line: 2, field: 'LastName' };
    const fault = { ...place, code: 'MISREAD_TEXT', message: 'It was misread.' };
    const { app } = fakeApp({
      push: async (options) => pushResultOf([], { faults: [fault], records: await readAll(options) }),
    });
    const { code, stderr } = await runMain(['push'], { app, cwd, stdin: three });
    expect(code).toBe(2);
    expect(stderr).toContain(
      "`iconv -f UTF-8 -t WINDOWS-1252 'a b'\\''s.csv' > NEW`: where that ends without",
    );
    expect(stderr).not.toContain('parahack-sync push');
  });

  test('which flag leaves read-only columns out, as an export has them', async () => {
    const faults = ['NOT_UPDATEABLE'].map((code) => ({
      source: '-',
      index: 0,
      line: 1,
      field: 'Name',
      code,
      message: 'Name is set by Salesforce and cannot be changed.',
    }));
    const { app } = fakeApp({
      push: async (options) => pushResultOf([], { faults, records: await readAll(options) }),
    });
    const { stderr } = await runMain(['push'], { app, cwd, stdin: three });
    expect(stderr).toContain('--ignore-read-only');
    expect(stderr).not.toContain('--ignore-unknown');
  });
});

describe('rejects', () => {
  test('are written with their reasons, readable by their owner only, and can be pushed again as they are', async () => {
    const { app } = pushing(['created', 'rejected', 'created']);
    await runMain(['push', '--rejects', 'r.ndjson'], { app, cwd, stdin: three });
    const text = readFileSync(join(cwd, 'r.ndjson'), 'utf8');
    const own = { _source: '-', _index: 1, _line: 2, _entry: null, _errors: [refusal] };
    expect(json(text)).toEqual({ LastName: 'B', ...own });
    expect(statSync(join(cwd, 'r.ndjson')).mode & 0o777).toBe(0o600);
    const again = pushing();
    await runMain(['push', 'r.ndjson'], { app: again.app, cwd });
    expect(again.read[0]?.fields).toEqual({ LastName: 'B' });
  });

  test('as CSV too, with what was empty and what was to be cleared kept apart', async () => {
    const { app } = pushing(['rejected', 'rejected']);
    await runMain(['push', '--rejects', 'r.csv'], {
      app,
      cwd,
      stdin: 'LastName,Phone\n"Ng, ""x""",#N/A\nLi,\n',
    });
    const text = readFileSync(join(cwd, 'r.csv'), 'utf8');
    expect(text.split('\n')[0]).toBe('LastName,Phone,_source,_index,_line,_entry,_errors');
    const again = pushing();
    await runMain(['push', 'r.csv'], { app: again.app, cwd });
    expect(again.read.map(({ fields }) => fields)).toEqual([
      { LastName: 'Ng, "x"', Phone: null },
      { LastName: 'Li' },
    ]);
  });

  describe('none', () => {
    test.each([
      ['pushed', three, []],
      ['a dry run', three, ['--dry-run']],
      ['queued', three, ['--queue']],
      ['no records', '[]', []],
      ['a header alone', 'LastName\n', []],
    ])('leaves the file of an earlier push as it was, and says so: %s', async (_, stdin, flags) => {
      for (const name of ['r.ndjson', 'r.csv']) {
        writeFileSync(join(cwd, name), 'refused before');
        const { code, stderr } = await runMain(['push', '--rejects', name, ...flags], {
          app: pushing().app,
          cwd,
          stdin,
        });
        expect(code).toBe(0);
        expect(stderr).toContain(
          `${name} stays as it was: this push has no refused records, and what is in it is of an earlier one.`,
        );
        expect(readFileSync(join(cwd, name), 'utf8')).toBe('refused before');
      }
    });

    test.each(['r.ndjson', 'r.csv'])('makes no file where there is none: %s', async (name) => {
      const { stderr } = await runMain(['push', '--rejects', name], {
        app: pushing().app,
        cwd,
        stdin: three,
      });
      expect(readdirSync(cwd)).toEqual([]);
      expect(stderr).toBe('');
    });

    test('says nothing of an old one that is empty', async () => {
      writeFileSync(join(cwd, 'r.csv'), '');
      const { stderr } = await runMain(['push', '--rejects', 'r.csv'], {
        app: pushing().app,
        cwd,
        stdin: three,
      });
      expect(stderr).toBe('');
    });
  });

  test.each(['-', '/dev/stdout'])(
    'on standard output (%s) are refused: the result goes there',
    async (name) => {
      const { app, calls } = pushing();
      const { code, stderr } = await runMain(['push', '--rejects', name], { app, cwd, stdin: three });
      expect([code, calls, readdirSync(cwd)]).toEqual([2, [], []]);
      expect(stderr).toContain(
        `--rejects ${name} is standard output, and the result of the push goes there.`,
      );
      expect(stderr).toContain('Name a file');
    },
  );

  test('faults found before sending are all told and written, exit 2', async () => {
    const faults = [
      {
        source: '-',
        index: 0,
        line: 1,
        field: 'Nmae',
        code: 'UNKNOWN_FIELD',
        message: 'Contact has no field Nmae.',
      },
      {
        source: '-',
        index: 2,
        line: 3,
        field: null,
        code: 'REQUIRED_FIELD_MISSING',
        message: 'LastName is missing.',
      },
    ];
    const { app } = fakeApp({
      push: async (options) => pushResultOf([], { faults, records: await readAll(options) }),
    });
    const { code, stderr } = await runMain(['push', '--rejects', 'r.ndjson'], { app, cwd, stdin: three });
    expect(code).toBe(2);
    expect(stderr.split('\n')).toEqual([
      '-, line 1, record 1, Nmae: Contact has no field Nmae.',
      '-, line 3, record 3: LastName is missing.',
      'Error: 2 of 3 records are not valid; nothing was sent.',
      "Hint: Mend the places named and push all of the input again. --map 'HEADER=FIELD' names the field of a column, --ignore-unknown leaves out the columns that Contact does not have. The rejects file has the records with faults alone.",
      '',
    ]);
    const written = readFileSync(join(cwd, 'r.ndjson'), 'utf8').trimEnd().split('\n').map(json);
    expect(written.map(({ _index }) => _index)).toEqual([0, 2]);
    const asJson = await runMain(['push', '--json'], { app, cwd, stdin: three });
    expect(json(asJson.stdout)).toMatchObject({ error: { code: 'INVALID_INPUT', details: { faults } } });
  });

  test.each([
    ['no/such/r', 'ENOENT'],
    ['.', 'EISDIR'],
  ])(
    'a rejects file that cannot be written is told before anything is read or sent: %s',
    async (file, why) => {
      const { app, calls } = pushing();
      const { code, stderr } = await runMain(['push', '--rejects', file], { app, cwd, stdin: three });
      expect([code, calls]).toEqual([2, []]);
      expect(stderr).toContain(`${file} cannot be written (${why})`);
    },
  );

  test.each([
    ['a.csv', ['a.csv']],
    ['./a.csv', ['b.csv', 'a.csv']],
    ['link.csv', ['a.csv']],
    ['hard.csv', ['a.csv']],
    ['a.map', ['b.csv', '--map', 'a.map']],
  ])('a rejects file that is an input is refused, for it would replace it: %s', async (rejects, given) => {
    for (const name of ['a.csv', 'b.csv']) writeFileSync(join(cwd, name), 'LastName\nNg\n');
    writeFileSync(join(cwd, 'a.map'), 'Surname=LastName\n');
    symlinkSync('a.csv', join(cwd, 'link.csv'));
    linkSync(join(cwd, 'a.csv'), join(cwd, 'hard.csv'));
    const before = readdirSync(cwd).map((name) => [name, readFileSync(join(cwd, name), 'utf8')]);
    const { app, calls } = pushing();
    const { code, stderr } = await runMain(['push', ...given, '--rejects', rejects], { app, cwd });
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).toContain(`--rejects ${rejects} is an input too, and would be replaced.`);
    expect(readdirSync(cwd).map((name) => [name, readFileSync(join(cwd, name), 'utf8')])).toEqual(before);
  });

  test('a rejects file that is standard input is refused, for it would replace it', async () => {
    const path = join(cwd, 'a.csv');
    writeFileSync(path, three);
    const { app, calls } = pushing();
    const fd = openSync(path, 'r');
    try {
      const stdin = Object.assign(Readable.from([Buffer.from(three)]), {
        fd,
      }) as unknown as NodeJS.ReadStream;
      const { code, stderr } = await runMain(['push', '--rejects', path], { app, cwd, io: { stdin } });
      expect([code, calls]).toEqual([2, []]);
      expect(stderr).toContain(`--rejects ${path} is standard input too`);
    } finally {
      closeSync(fd);
    }
  });

  test('what is no file of its own is written to, not replaced', async () => {
    await runMain(['push', '--rejects', '/dev/null'], {
      app: pushing(['rejected']).app,
      cwd,
      stdin: three,
    });
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('results are told even where the rejects file fails at the end', async () => {
    const { app } = fakeApp({
      push: async (options) => ({
        ...resultOf(await readAll(options), ['created']),
        // biome-ignore lint/correctness/useYield: it fails before it has anything to give.
        async *rejects() {
          throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        },
      }),
    });
    const { code, stdout } = await runMain(['push', '--json', '--rejects', 'r'], { app, cwd, stdin: three });
    expect(code).toBe(1);
    expect(json(stdout)).toMatchObject({ created: 3, error: { code: 'DISK_FULL' } });
    expect(readdirSync(cwd)).toEqual([]);
  });

  describe.skipIf(!existsSync('/dev/full'))(
    'a rejects file that took nothing is never said to have them',
    () => {
      const pushTo = async (statuses: PushStatus[], ...flags: string[]) => {
        const { app } = pushing(statuses);
        return runMain(['push', '--rejects', '/dev/full', ...flags], { app, cwd, stdin: three });
      };

      test('where records were refused', async () => {
        const { code, stdout } = await pushTo(['created', 'rejected', 'created'], '--json');
        expect(code).toBe(4);
        const { error, results } = json(stdout) as { error: { hint: string }; results: unknown[] };
        expect(results).toHaveLength(3);
        expect(error).toMatchObject({
          code: 'PARTIAL',
          message:
            '1 of 3 records was not accepted. /dev/full could not be written (ENOSPC), so that the refused records are not in it.',
        });
        expect(error.hint).toContain('Do not push the same records again');
        expect(error.hint).not.toContain('The rejects file has them');
      });

      test('where others have no answer yet, which decides the exit code', async () => {
        const { code, stdout, stderr } = await pushTo(['in-doubt', 'rejected', 'created']);
        expect(code).toBe(5);
        expect(stdout).toContain('rejected');
        expect(stderr).toContain('/dev/full could not be written (ENOSPC)');
      });

      test('where the input has faults', async () => {
        const faults = [
          { source: '-', index: 0, line: 1, field: 'Nmae', code: 'UNKNOWN_FIELD', message: 'No field.' },
        ];
        const { app } = fakeApp({
          push: async (options) => pushResultOf([], { faults, records: await readAll(options) }),
        });
        const { code, stderr } = await runMain(['push', '--rejects', '/dev/full'], {
          app,
          cwd,
          stdin: three,
        });
        expect(code).toBe(2);
        expect(stderr).toContain('/dev/full could not be written (ENOSPC)');
        expect(stderr).not.toContain('The rejects file has');
      });
    },
  );
});

test.each([
  ['nowhere.csv', 'does not exist'],
  ['.', 'is a folder'],
])('the input %s %s', async (file, reason) => {
  const { code, stderr } = await runMain(['push', file], { app: pushing().app, cwd });
  expect(code).toBe(2);
  expect(stderr).toContain(`${file} ${reason}.`);
});
