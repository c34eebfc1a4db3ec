import { existsSync, openSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli, ended } from './cli.ts';

let emulator: Emulator;
let cli: Cli;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 40 });
  cli = new Cli();
  await cli.loginByToken(emulator);
});
afterAll(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

const watch = ['watch', '--log-format', 'json'];

it('is one stream of lines with time and level, of what happens and of what is said', async () => {
  const { code, stdout, stderr } = await cli.run([...watch, '--once', '-vvv']);
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const line of lines) {
    expect(line).toMatchObject({
      level: expect.stringMatching(/^(debug|info|warn|error)$/),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(typeof (line.event ?? line.msg)).toBe('string');
  }
  expect(lines.map(({ event }) => event).filter(Boolean)).toEqual(
    expect.arrayContaining(['watch:start', 'backfill:complete', 'cycle:complete', 'watch:stop']),
  );
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'debug', msg: 'Salesforce was asked.', status: 200 }),
  );
  expect(lines.map(({ time }) => time)).toEqual(lines.map(({ time }) => time).toSorted());
});

it('whose reader has seen enough ends the watch quietly', async () => {
  const child = cli.start(watch);
  const end = ended(child);
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { code, signal, stderr } = await end;
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
});

it.skipIf(!existsSync('/dev/full'))('on a full disk ends the watch with its error', async () => {
  const { code, stderr } = await ended(cli.start(watch, { stdout: openSync('/dev/full', 'w') }));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Error: The output could not be written: there is no room left/);
});
