import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { credentialFileName } from '../../src/auth/file-store.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { deletedMessage, refusalSql } from '../../src/store/sqlite/contact-view.ts';
import { Cli } from './cli.ts';
import { contactsOf } from './org.ts';

let emulator: Emulator;
let cli: Cli;
/** A program that keeps its connection, as services do. */
let program: Database.Database;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 6 });
  cli = new Cli();
  await cli.loginByToken(emulator);
  await cli.json(['backfill']);
  await cli.json(['orgs', 'set', emulator.url, '--two-way', 'on']);
  program = openProgram();
  program.prepare('SELECT count(*) FROM contacts').get();
});
afterEach(async () => {
  program.close();
  cli[Symbol.dispose]();
  await emulator.close();
});

function openProgram(): Database.Database {
  const db = new Database(cli.databaseOf(emulator.url));
  db.pragma('busy_timeout = 15000');
  return db;
}

const insert = (name: string, db = program) =>
  void db.prepare('INSERT INTO contacts (_key, LastName) VALUES (?, ?)').run(name, name);

async function cycle(): Promise<void> {
  const { code, stderr } = await cli.run(['watch', '--once']);
  expect({ code, stderr }).toMatchObject({ code: 0 });
}

async function isInOrg(name: string): Promise<boolean> {
  await cycle();
  return (await contactsOf(emulator.url)).some(({ LastName }) => LastName === name);
}

it('a program that has the mirror open while its org is logged out with its data is told that it writes to nobody', async () => {
  await cli.json(['logout', '--delete-data']);
  expect(() => insert('Late')).toThrow(deletedMessage);
  await cli.loginByToken(emulator);
  await cli.json(['backfill']);
  expect(() => insert('Late')).toThrow(deletedMessage);
  await cli.json(['orgs', 'set', emulator.url, '--two-way', 'on']);
  program.close();
  program = openProgram();
  insert('Late');
  expect(await isInOrg('Late')).toBe(true);
}, 60_000);

it('what a program has under way is waited for, and keeps the mirror', async () => {
  program.exec('BEGIN IMMEDIATE');
  insert('Late');
  const logins = () => readFileSync(join(cli.dataDir, 'credentials', credentialFileName));
  const before = logins();
  const logout = cli.start(['logout', '--delete-data', '--json']);
  let stdout = '';
  logout.stdout!.on('data', (text) => {
    stdout += text;
  });
  const ended = new Promise((resolve) => logout.once('close', resolve));
  // By then it has looked at the outbox, for the login is gone.
  await expect.poll(logins, { timeout: 60_000 }).not.toEqual(before);
  program.exec('COMMIT');
  expect(await ended).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    orgs: [{ dataDeleted: false, error: { code: 'OUTBOX_OPEN' } }],
  });
  expect(existsSync(cli.databaseOf(emulator.url))).toBe(true);
  insert('Later');
  await cli.loginByToken(emulator);
  expect([await isInOrg('Late'), await isInOrg('Later')]).toEqual([true, true]);
}, 120_000);

it('a mirror that a killed logout has left takes edits again when somebody works with it', async () => {
  for (const sql of refusalSql(deletedMessage)) program.exec(sql);
  await cli.json(['logout']);
  expect(() => insert('Late')).toThrow(deletedMessage);
  await cli.loginByToken(emulator);
  await cycle();
  insert('Late');
  expect(await isInOrg('Late')).toBe(true);
}, 60_000);
