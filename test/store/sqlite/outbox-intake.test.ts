import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import type { OutboxOp } from '../../../src/sync/ports/outbox-entry.ts';
import type { IntakeRecord, OutboxIntake } from '../../../src/sync/ports/outbox-intake.ts';
import { allOf } from '../../sync/push-all.ts';
import { contactFields, describeOf } from './contact-fields.ts';
import { instanceUrl, openTempMirror } from './temp-mirrors.ts';

const brake = { deletes: 100, edits: 100, editsShare: 0.1 };
/** Not to be taken for an equal push before. */
const asNew = { now: 0, since: null };

function record(index: number, more: Partial<IntakeRecord> & { op?: OutboxOp } = {}): IntakeRecord {
  const { op = 'create', ...rest } = more;
  const key = randomUUID();
  const contactId = op === 'create' ? null : `003${String(index).padStart(15, '0')}`;
  return {
    source: 'a.csv',
    index,
    line: index + 2,
    entry: {
      key,
      op,
      contactKey: contactId ?? key,
      contactId,
      changes: { LastName: `N${index}` },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: null,
      createdAt: 0,
    },
    uniqueValue: null,
    faults: [],
    given: null,
    ...rest,
  };
}

const some = (count: number, op: OutboxOp, from = 0) =>
  Array.from({ length: count }, (_, i) => record(from + i, { op }));
const spooled = (folder: string) => readdirSync(join(folder, '.spool'));

async function committed(intake: OutboxIntake, records: IntakeRecord[]) {
  await intake.add(records);
  return intake.commit(brake, asNew);
}

describe('records on their way into the outbox', () => {
  it('are seen by nobody before all of them are there, and then in their order', async () => {
    await using opened = await openTempMirror();
    const { mirror, folder } = opened;
    await using intake = await mirror.outbox.openIntake();
    const all = some(2_500, 'create');
    await intake.add(all.slice(0, 1_000));
    await intake.add(all.slice(1_000));
    expect((await mirror.outbox.counts()).pending).toBe(0);
    expect(statSync(join(folder, '.spool', spooled(folder)[0]!)).mode & 0o777).toBe(0o600);
    await intake.commit(brake, asNew);
    expect((await mirror.outbox.list()).map(({ key }) => key)).toEqual(all.map(({ entry }) => entry.key));
    const items = (await allOf(intake.items())).flat();
    expect(items.map(({ index, key }) => [index, key])).toEqual(
      all.map(({ index, entry }) => [index, entry.key]),
    );
    expect(await intake.tally()).toEqual([{ op: 'create', state: 'pending', created: null, records: 2_500 }]);
  });

  it('hold no lock on the mirror, however slowly they come', async () => {
    await using opened = await openTempMirror();
    await using intake = await opened.mirror.outbox.openIntake();
    await intake.add(some(10, 'create'));
    const other = new Database(opened.mirror.path, { timeout: 0 });
    other.exec('BEGIN IMMEDIATE; COMMIT');
    other.close();
  });

  it('leave nothing where they are given up', async () => {
    await using opened = await openTempMirror();
    await using intake = await opened.mirror.outbox.openIntake();
    await intake.add(some(10, 'create'));
    await intake[Symbol.asyncDispose]();
    expect(spooled(opened.folder)).toEqual([]);
    expect(await opened.mirror.outbox.list()).toEqual([]);
  });

  it('leave nothing that stays where their process is killed', async () => {
    await using opened = await openTempMirror();
    const path = new URL('./intake-child.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [path, opened.folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(spooled(opened.folder).sort()).toEqual([
      expect.stringMatching(/\.db$/),
      expect.stringMatching(/\.db\.lock$/),
    ]);
    // As the next command opens the folder.
    await using mirrors = openMirrors({ folder: opened.folder, log: silentLogger, clock: systemClock });
    await using mirror = await mirrors.open(instanceUrl, { create: false });
    expect(spooled(opened.folder)).toEqual([]);
    expect(await mirror.outbox.list()).toEqual([]);
  });

  it('are told what became of them, and those that the outbox has lost are told as lost', async () => {
    await using opened = await openTempMirror();
    const { outbox } = opened.mirror;
    await using intake = await opened.mirror.outbox.openIntake();
    const all = some(4, 'create').map((own) => ({ ...own, given: { LastName: 'As given' } }));
    await committed(intake, all);
    const [a, b, c] = all.map(({ entry }) => entry.key);
    const errors = [{ code: 'X', message: 'No.', fields: [] }];
    await outbox.markSent([a!, b!], 'collection', 1);
    await outbox.settle([
      { key: a!, state: 'done', contactId: '003000000000001AAA', created: true, at: 2 },
      { key: b!, state: 'rejected', errors, at: 2 },
    ]);
    const other = new Database(opened.mirror.path);
    other.prepare('DELETE FROM outbox WHERE key = ?').run(c);
    other.close();
    const items = (await allOf(intake.items())).flat();
    expect(items.map(({ outcome }) => outcome?.state ?? null)).toEqual(['done', 'rejected', null, 'pending']);
    expect(items[0]?.outcome).toMatchObject({ contactId: '003000000000001AAA', created: true });
    expect((await allOf(intake.rejects())).flat()).toEqual([
      { source: 'a.csv', index: 1, line: 3, given: { LastName: 'As given' }, errors },
    ]);
  });

  it('have their faults told in the order of the input, and by kinds', async () => {
    await using opened = await openTempMirror();
    await using intake = await opened.mirror.outbox.openIntake();
    const fault = (field: string, message: string) => ({ field, code: 'WRONG', message });
    const given = { A: '1' };
    await intake.add([
      record(0, { faults: [fault('B', 'b0'), fault('A', 'a0')], given }),
      record(1, { given }),
      record(2, { faults: [fault('A', 'a2')], given }),
    ]);
    const faults = (await allOf(intake.faults())).flat();
    expect(faults.map(({ index, message }) => [index, message])).toEqual([
      [0, 'b0'],
      [0, 'a0'],
      [2, 'a2'],
    ]);
    const { groups, total } = await intake.faultGroups(1);
    expect([groups.length, total]).toEqual([1, 2]);
    const all = await intake.faultGroups(20);
    expect(all.groups.map(({ field, records, message }) => [field, records, message])).toEqual([
      ['B', 1, 'b0'],
      ['A', 2, 'a0'],
    ]);
    expect(await intake.counts()).toMatchObject({ records: 3, faults: 3, faulty: 2 });
    const rejects = (await allOf(intake.rejects())).flat();
    expect(rejects.map(({ index, errors }) => [index, errors.map(({ message }) => message)])).toEqual([
      [0, ['b0', 'a0']],
      [2, ['a2']],
    ]);
  });

  it('must not have an Id in some rows of a source only, nor one value twice', async () => {
    await using opened = await openTempMirror();
    await using intake = await opened.mirror.outbox.openIntake();
    await intake.add([
      record(0, { uniqueValue: 'x' }),
      record(1, { op: 'update' }),
      record(2, { source: 'b.csv', uniqueValue: 'x' }),
      record(3, { source: 'b.csv', uniqueValue: '50%' }),
      record(4, { source: 'b.csv', uniqueValue: '50%' }),
    ]);
    await intake.refuseMixed({ field: 'Id', code: 'ID_MISSING', message: 'No Id.' });
    await intake.refuseRepeated({ field: 'K', code: 'DUPLICATE_VALUE', message: '"%s" twice.' });
    const faults = (await allOf(intake.faults())).flat();
    expect(faults.map(({ index, code, message }) => [index, code, message])).toEqual([
      [0, 'ID_MISSING', 'No Id.'],
      [2, 'DUPLICATE_VALUE', '"x" twice.'],
      [4, 'DUPLICATE_VALUE', '"50%" twice.'],
    ]);
  });
});

describe('the brake', () => {
  it('looks at all that waits: two pushes of 100 deletes do not pass', async () => {
    await using opened = await openTempMirror();
    await using first = await opened.mirror.outbox.openIntake();
    expect(await committed(first, some(100, 'delete'))).toMatchObject({ heldDeletes: 0, heldEdits: 0 });
    await using second = await opened.mirror.outbox.openIntake();
    expect(await committed(second, some(100, 'delete', 100))).toMatchObject({
      heldDeletes: 100,
      heldEdits: 0,
    });
    expect(await opened.mirror.outbox.counts()).toMatchObject({ pending: 100, held: 100 });
  });

  it('lets go what a person has approved, and does not count it again', async () => {
    await using opened = await openTempMirror();
    const { outbox } = opened.mirror;
    await using first = await opened.mirror.outbox.openIntake();
    await committed(first, some(150, 'delete'));
    const held = (await outbox.list({ states: ['held'] })).map(({ key }) => key);
    expect(held).toHaveLength(150);
    await outbox.move(held, ['held'], 'pending', 1);
    await using second = await opened.mirror.outbox.openIntake();
    expect(await committed(second, some(1, 'delete', 150))).toMatchObject({ heldDeletes: 0, heldEdits: 0 });
  });

  it('holds edits of more than 100 and a tenth of the mirror, and never creates', async () => {
    await using opened = await openTempMirror();
    await using intake = await opened.mirror.outbox.openIntake();
    const held = await committed(intake, [...some(500, 'create'), ...some(101, 'update', 500)]);
    expect(held).toMatchObject({ heldDeletes: 0, heldEdits: 101 });
    expect(await opened.mirror.outbox.counts()).toMatchObject({ pending: 500, held: 101 });
  });
});

describe('upserts at the brake', () => {
  const upserts = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => {
      const one = record(from + i);
      const changes = { LastName: 'New', Email: `N${from + i}@Example.com` };
      return { ...one, entry: { ...one.entry, changes, upsertField: 'Email' } };
    });

  /** A mirror of 200 contacts. */
  async function openFilled(fields = contactFields) {
    const opened = await openTempMirror();
    const { mirror } = opened;
    await mirror.schema.applyDescribe(describeOf(fields), 0);
    const db = new Database(mirror.path);
    const columns = fields === contactFields ? ', Email' : '';
    const values = columns && ", 'n' || value || '@example.com'";
    db.exec(`INSERT INTO contact (Id${columns}) SELECT '003' || printf('%015d', value)${values}
      FROM json_each('${JSON.stringify([...Array(200).keys()])}')`);
    db.close();
    return opened;
  }

  it('are edits where they meet a contact of the mirror, and creations where they do not', async () => {
    await using opened = await openFilled();
    await using intake = await opened.mirror.outbox.openIntake();
    expect(await committed(intake, upserts(0, 500))).toMatchObject({ heldDeletes: 0, heldEdits: 200 });
    expect(await opened.mirror.outbox.counts()).toMatchObject({ held: 200, pending: 300 });
  });

  it('go when they are few or new, and count for the next push', async () => {
    await using opened = await openFilled();
    await using few = await opened.mirror.outbox.openIntake();
    expect(await committed(few, upserts(140, 800))).toMatchObject({ heldEdits: 0 });
    await using next = await opened.mirror.outbox.openIntake();
    expect(await committed(next, some(41, 'update'))).toMatchObject({ heldEdits: 41 });
  });

  it('may each be an edit where the mirror lacks their field', async () => {
    await using opened = await openFilled(contactFields.filter(({ name }) => name !== 'Email'));
    await using few = await opened.mirror.outbox.openIntake();
    expect(await committed(few, upserts(0, 100))).toMatchObject({ heldEdits: 0 });
    await using many = await opened.mirror.outbox.openIntake();
    expect(await committed(many, upserts(100, 500))).toMatchObject({ heldEdits: 400 });
  });
});

describe('files that a killed process of the same id left, as in a container where each is process 1', () => {
  const left = (folder: string) => (n: number) =>
    join(folder, '.spool', `${process.pid}-${threadId}-${n}.db`);

  it('do not stand in the way of a push', async () => {
    await using opened = await openTempMirror();
    const { mirror, folder } = opened;
    mkdirSync(join(folder, '.spool'), { recursive: true });
    for (const path of Array.from({ length: 100 }, (_, n) => left(folder)(n))) {
      const db = new Database(path);
      db.exec('CREATE TABLE entry (seq INTEGER PRIMARY KEY)');
      db.close();
    }
    await using intake = await mirror.outbox.openIntake();
    await committed(intake, some(3, 'create'));
    expect((await mirror.outbox.counts()).pending).toBe(3);
  });

  it('are removed where they are older than this process, and no others of it', async () => {
    const root = mkdtempSync(join(tmpdir(), 'parahack-left-'));
    const folder = join(root, 'orgs');
    mkdirSync(join(folder, '.spool'), { recursive: true });
    const [old, own] = [left(folder)(1), left(folder)(2)];
    for (const path of [old, own]) writeFileSync(path, 'rows');
    const yesterday = Date.now() / 1_000 - process.uptime() - 86_400;
    utimesSync(old, yesterday, yesterday);
    {
      await using mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock });
      await using _ = await mirrors.open(instanceUrl, { create: true });
      expect([old, own].map((path) => existsSync(path))).toEqual([false, true]);
    }
    rmSync(root, { recursive: true, force: true });
  });
});
