import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The import table is only worth something if a forbidden import is found: each kind is planted once. */

const root = new URL('..', import.meta.url).pathname;
const trees = ['src', 'dist', 'test'];
const { forbidden, options } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rooms-'));
  await cp(join(root, '.dependency-cruiser.cjs'), join(folder, '.dependency-cruiser.cjs'));
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const tree of trees) {
    await rm(join(folder, tree), { recursive: true, force: true });
    await mkdir(join(folder, tree), { recursive: true });
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** As `npm run rooms` does it. */
async function byCommand(files: Record<string, string>): Promise<string> {
  await write(files);
  const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...trees];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (error, stdout, stderr) => {
      resolve(`${error === null ? 'green' : 'red'}\n${stdout}${stderr}`);
    });
  });
}

/** The rules that are broken, and how much was looked at: the same without a process for each. */
async function broken(files: Record<string, string>): Promise<{ rules: string[]; dependencies: number }> {
  await write(files);
  const { output } = await cruise(
    trees,
    { ...options, ruleSet: { forbidden }, validate: true, baseDir: folder },
    options.enhancedResolveOptions,
  );
  const { violations, totalDependenciesCruised = 0 } = (output as ICruiseResult).summary;
  return { rules: violations.map(({ rule }) => rule.name), dependencies: totalDependenciesCruised };
}

describe('the import table', () => {
  it('is green for what is allowed, types of sync in the store included', async () => {
    const said = await byCommand({
      'src/sync/port.ts': 'export interface Port { a: number }\n',
      'src/base/clock.ts': 'export const clock = 1;\n',
      'src/store/mirror.ts':
        "import type { Port } from '../sync/port.ts';\nimport { clock } from '../base/clock.ts';\nexport function open(): Port { using _x = null; return { a: clock }; }\n",
      'dist/sync/port.js': 'export {};\n',
      'dist/base/clock.js': 'export const clock = 1;\n',
      'dist/store/mirror.js':
        "import { clock } from '../base/clock.js';\nexport const open = () => ({ a: clock });\n",
    });
    expect(said).toMatch(/^green/);
    expect(said).toContain('6 modules');
  });

  it('lets the store take the merge rule from sync', async () => {
    const seen = await broken({
      'src/sync/merge/rule.ts': 'export const rule = 1;\n',
      'src/store/sqlite/a.ts': "import { rule } from '../../sync/merge/rule.ts';\nexport const a = rule;\n",
      'dist/sync/merge/rule.js': 'export const rule = 1;\n',
      'dist/store/sqlite/a.js': "import { rule } from '../../sync/merge/rule.js';\nexport const a = rule;\n",
    });
    expect(seen).toEqual({ rules: [], dependencies: 2 });
  });

  it('lets everybody in by the index of the emulator, and its own tests further', async () => {
    const seen = await broken({
      'src/compose/a.ts': "export const a = () => import('../emulator/index.ts');\n",
      'src/emulator/index.ts': "export type { B } from './org/b.ts';\n",
      'src/emulator/org/b.ts': 'export type B = 1;\n',
      'test/usecases/a.ts': "import type { B } from '../../src/emulator/index.ts';\nexport type A = B;\n",
      'test/emulator/a.ts': "import type { B } from '../../src/emulator/org/b.ts';\nexport type A = B;\n",
    });
    expect(seen).toEqual({ rules: [], dependencies: 4 });
  });

  it.each([
    [
      'sync knows no store',
      { 'src/sync/a.ts': "import '../store/b.ts';\n", 'src/store/b.ts': 'export {};\n' },
      'sync-imports',
    ],
    [
      'the command line drives the application by its contract',
      { 'src/cli/a.ts': "import '../usecases/b.ts';\n", 'src/usecases/b.ts': 'export {};\n' },
      'cli-imports',
    ],
    [
      'the command line does not put the application together',
      { 'src/cli/a.ts': "import '../compose/b.ts';\n", 'src/compose/b.ts': 'export {};\n' },
      'cli-imports',
    ],
    [
      'use cases do not know who puts them together',
      { 'src/usecases/a.ts': "import '../compose/b.ts';\n", 'src/compose/b.ts': 'export {};\n' },
      'usecases-imports',
    ],
    [
      'use cases know no store',
      {
        'src/usecases/a.ts': "import type { B } from '../store/sqlite/b.ts';\nexport type A = B;\n",
        'src/store/sqlite/b.ts': 'export type B = 1;\n',
      },
      'usecases-imports',
    ],
    [
      'use cases know no emulator, be it loaded late',
      {
        'src/usecases/a.ts': "export const a = () => import('../emulator/index.ts');\n",
        'src/emulator/index.ts': 'export {};\n',
      },
      'usecases-imports',
    ],
    [
      'use cases take types of logins only',
      {
        'dist/usecases/a.js': "import { b } from '../auth/b.js';\nb();\n",
        'dist/auth/b.js': 'export const b = () => {};\n',
      },
      'usecases-types-of-auth',
    ],
    [
      'use cases take types of the registry only',
      {
        'dist/usecases/a.js': "import { b } from '../orgs/b.js';\nb();\n",
        'dist/orgs/b.js': 'export const b = () => {};\n',
      },
      'usecases-types-of-orgs',
    ],
    [
      'the contract has its own words for what ports say',
      {
        'src/contract/a.ts': "import type { B } from '../sync/ports/b.ts';\nexport type A = B;\n",
        'src/sync/ports/b.ts': 'export type B = 1;\n',
      },
      'contract-imports',
    ],
    [
      'the emulator knows no client',
      {
        'src/emulator/a.ts': "import type { B } from '../salesforce/b.ts';\nexport type A = B;\n",
        'src/salesforce/b.ts': 'export type B = 1;\n',
      },
      'emulator-imports',
    ],
    [
      'the store takes types of sync only',
      {
        'dist/store/a.js': "import { b } from '../sync/b.js';\nb();\n",
        'dist/sync/b.js': 'export const b = () => {};\n',
      },
      'store-types-of-sync',
    ],
    [
      'the store takes values of no folder of sync whose name only begins as that of the merge rule',
      {
        'dist/store/a.js': "import { b } from '../sync/merger/b.js';\nb();\n",
        'dist/sync/merger/b.js': 'export const b = () => {};\n',
      },
      'store-types-of-sync',
    ],
    [
      'no other room than the store takes values of the merge rule',
      {
        'dist/salesforce/a.js': "import { b } from '../sync/merge/b.js';\nb();\n",
        'dist/sync/merge/b.js': 'export const b = () => {};\n',
      },
      'salesforce-types-of-sync',
    ],
    [
      'the merge rule knows nothing else of sync',
      {
        'dist/sync/merge/a.js': "import { b } from '../cycle/b.js';\nexport const a = b;\n",
        'dist/sync/cycle/b.js': 'export const b = 1;\n',
      },
      'merge-is-pure',
    ],
    [
      'parsers of pages know no store',
      {
        'src/store/page/a.ts': "import type { B } from '../sqlite/b.ts';\nexport type A = B;\n",
        'src/store/sqlite/b.ts': 'export type B = 1;\n',
      },
      'stores-apart',
    ],
    [
      'a store in memory stands without SQLite',
      { 'src/store/memory/a.ts': "import Database from 'better-sqlite3';\nnew Database(':memory:');\n" },
      'stores-apart',
    ],
    [
      'SQLite’s store knows no other',
      {
        'src/store/sqlite/a.ts': "import type { B } from '../memory/b.ts';\nexport type A = B;\n",
        'src/store/memory/b.ts': 'export type B = 1;\n',
      },
      'sqlite-apart',
    ],
    [
      'the merge rule reads and writes nothing',
      { 'dist/sync/merge/a.js': "import { readFileSync } from 'node:fs';\nreadFileSync('a');\n" },
      'merge-is-pure',
    ],
    [
      'the API makes its requests by the wire',
      { 'src/salesforce/a.ts': "import { fetch } from 'undici';\nfetch('a');\n" },
      'http-by-the-wire',
    ],
    [
      'not even a type of undici is known elsewhere',
      { 'src/auth/a.ts': "import type { Dispatcher } from 'undici';\nexport type A = Dispatcher;\n" },
      'http-by-the-wire',
    ],
    [
      'whatever repeats does so by base/retry',
      { 'src/sync/a.ts': "import retry from 'p-retry';\nretry(() => {});\n" },
      'repeats-by-retry',
    ],
    [
      'what repeats needs no other package',
      { 'src/base/retry.ts': "import { Command } from 'commander';\nnew Command('a');\n" },
      'retry-alone',
    ],
    [
      'what is logged as JSON is so by one file',
      { 'src/cli/commands/a.ts': "import { pino } from 'pino';\npino();\n" },
      'lines-by-the-json-log',
    ],
    [
      'not even a type of pino is known elsewhere',
      { 'src/base/a.ts': "import type { Logger } from 'pino';\nexport type A = Logger;\n" },
      'lines-by-the-json-log',
    ],
    [
      'the JSON log needs pino alone',
      { 'src/cli/json-log.ts': "import { Command } from 'commander';\nnew Command('a');\n" },
      'json-log-alone',
    ],
    [
      'the JSON log is loaded when it is used',
      {
        'dist/cli/a.js': "import { log } from './json-log.js';\nlog();\n",
        'dist/cli/json-log.js': 'export const log = () => {};\n',
      },
      'json-log-late',
    ],
    [
      'the store opens its files by sqlite',
      { 'src/store/sqlite/a.ts': "import Database from 'better-sqlite3';\nnew Database('a');\n" },
      'files-by-sqlite',
    ],
    [
      'not even a type of better-sqlite3 is known elsewhere',
      { 'src/orgs/a.ts': "import type { Database } from 'better-sqlite3';\nexport type A = Database;\n" },
      'files-by-sqlite',
    ],
    [
      'what opens files needs better-sqlite3 alone',
      { 'src/sqlite/a.ts': "import { fetch } from 'undici';\nfetch('a');\n" },
      'sqlite-packages',
    ],
    [
      'what opens files does not know what they hold',
      {
        'src/sqlite/a.ts': "import type { B } from '../store/b.ts';\nexport type A = B;\n",
        'src/store/b.ts': 'export type B = 1;\n',
      },
      'sqlite-imports',
    ],
    [
      'the wire needs undici alone',
      { 'src/wire/a.ts': "import retry from 'p-retry';\nretry(() => {});\n" },
      'wire-packages',
    ],
    [
      'the wire does not know what it carries',
      {
        'src/wire/a.ts': "import type { B } from '../salesforce/b.ts';\nexport type A = B;\n",
        'src/salesforce/b.ts': 'export type B = 1;\n',
      },
      'wire-imports',
    ],
    [
      'base stands on nothing',
      { 'src/base/a.ts': "import { Command } from 'commander';\nnew Command('a');\n" },
      'base-is-bare',
    ],
    [
      'the client enters the emulator by its index alone',
      {
        'src/compose/a.ts': "export const a = () => import('../emulator/org/b.ts');\n",
        'src/emulator/org/b.ts': 'export {};\n',
      },
      'emulator-by-its-door',
    ],
    [
      'tests of the client enter the emulator by its index alone',
      {
        'test/usecases/a.ts': "import type { B } from '../../src/emulator/org/b.ts';\nexport type A = B;\n",
        'src/emulator/org/b.ts': 'export type B = 1;\n',
      },
      'emulator-by-its-door',
    ],
    [
      'no test takes a seed of its own',
      {
        'test/sync/a.test.ts':
          "import fc from 'fast-check';\nfc.assert(fc.property(fc.nat(), () => true));\n",
      },
      'properties-by-one-file',
    ],
    [
      'what settles doubts does not import what sends',
      {
        'src/sync/push/settle/a.ts': "import type { B } from '../send/b.ts';\nexport type A = B;\n",
        'src/sync/push/send/b.ts': 'export type B = 1;\n',
      },
      'push-settle-imports',
    ],
    [
      'nothing inside of pushing imports what stands at its door',
      {
        'src/sync/push/send/a.ts': "import type { B } from '../b.ts';\nexport type A = B;\n",
        'src/sync/push/b.ts': 'export type B = 1;\n',
      },
      'push-send-imports',
    ],
    [
      'a new folder of pushing has to be given a place',
      {
        'src/sync/push/order/a.ts': "import type { B } from '../values/b.ts';\nexport type A = B;\n",
        'src/sync/push/values/b.ts': 'export type B = 1;\n',
      },
      'push-folder-without-a-place',
    ],
    [
      'the query compiler of the emulator knows no storage',
      {
        'src/emulator/soql/a.ts': "import type { B } from '../engine/b.ts';\nexport type A = B;\n",
        'src/emulator/engine/b.ts': 'export type B = 1;\n',
      },
      'emulator-soql-imports',
    ],
    [
      'nothing inside the emulator imports what stands at its door',
      {
        'src/emulator/http/a.ts': "import type { B } from '../b.ts';\nexport type A = B;\n",
        'src/emulator/b.ts': 'export type B = 1;\n',
      },
      'emulator-http-imports',
    ],
    [
      'what writes in the emulator does not import what calls it',
      {
        'src/emulator/org/write/a.ts': "import type { B } from '../b.ts';\nexport type A = B;\n",
        'src/emulator/org/b.ts': 'export type B = 1;\n',
      },
      'emulator-org-write-imports',
    ],
    [
      'a new folder of the emulator has to be given a place',
      {
        'src/emulator/soap/a.ts': "import type { B } from '../schema/b.ts';\nexport type A = B;\n",
        'src/emulator/schema/b.ts': 'export type B = 1;\n',
      },
      'emulator-folder-without-a-place',
    ],
    [
      'folders form no circle, though their files do not',
      {
        'src/auth/one/a.ts': "import type { B } from '../two/b.ts';\nexport type A = B;\n",
        'src/auth/two/b.ts': 'export type B = 1;\n',
        'src/auth/two/c.ts': "import type { D } from '../one/d.ts';\nexport type C = D;\n",
        'src/auth/one/d.ts': 'export type D = 1;\n',
      },
      'no-circle-of-folders',
    ],
    [
      'no cycles',
      {
        'src/base/a.ts': "import { b } from './b.ts';\nexport const a = () => b;\n",
        'src/base/b.ts': "import { a } from './a.ts';\nexport const b = () => a;\n",
      },
      'no-circular',
    ],
    [
      'an import hidden in a using declaration is seen',
      {
        'src/sync/a.ts':
          "export async function a() { await using b = await import('../store/b.ts') as never; return b; }\n",
        'src/store/b.ts': 'export {};\n',
      },
      'sync-imports',
    ],
  ])('%s', async (_, files, rule) => {
    expect((await broken(files as Record<string, string>)).rules).toContain(rule);
  });

  it('makes the command red where it is broken', async () => {
    const said = await byCommand({
      'src/sync/a.ts': "import '../store/b.ts';\n",
      'src/store/b.ts': 'export {};\n',
    });
    expect(said).toMatch(/^red/);
    expect(said).toContain('sync-imports');
  });
});
