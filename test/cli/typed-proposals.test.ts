import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loginCommand } from '../../src/auth/grant/login-command.ts';
import { AppError } from '../../src/base/errors.ts';
import { buildProgram } from '../../src/cli/program.ts';
import type { App } from '../../src/contract/app.ts';
import { runMain } from './support/run-main.ts';

const program = buildProgram({ run: () => {}, write: () => {} });
const commands = new Set(program.commands.map((command) => command.name()));
const folders = program.commands.filter((command) => command.commands.length > 0).map((one) => one.name());

/** What somebody types in place of each word in capitals. */
const typed: Readonly<Record<string, string>> = {
  URL: 'https://acme.my.salesforce.com',
  SHARE: '0.5',
  FILE: 'contacts.csv',
  'FILE.ndjson': 'rejects.ndjson',
};

/** Texts that speak of the command for whichever entry they stand at; the file that says what an absent part would be. */
const spokenOf: readonly RegExp[] = [
  /^src\/sync\/push\/.*: (?:outbox (?:retry|drop|settle)|runs show)$/,
  /^src\/cli\/commands\/not-in-this-version\.ts: /,
];

/** Texts of these are spans of commands that stand in a heading or a help text. */
const spanOnly = ['src/cli/commands/archives.ts', 'src/cli/commands/not-in-this-version.ts'];

/** Proposed commands that do not begin with the name of the program, with the file that has the text. */
const nameless: [span: string, file: string][] = [];

/** Every command that a text proposes, with the file that has the text; names alone are spoken of, not proposed. */
function proposals(): [command: string, file: string][] {
  const found = new Map<string, string>();
  for (const file of globSync('src/**/*.ts')) {
    if (file.startsWith('src/emulator/')) continue;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (/^\s*(?:\*|\/[/*])/.test(line)) continue;
      for (const span of spansOf(line)) {
        const command = commandOf(span);
        if (command !== null && !span.includes('parahack-sync ') && !spanOnly.includes(file))
          nameless.push([span, file]);
        if (command !== null && !spokenOf.some((one) => one.test(`${file}: ${command}`)))
          found.set(command, file);
      }
    }
  }
  return [...found];
}

function spansOf(line: string): string[] {
  const ofTemplates = [...line.matchAll(/\\`(.+?)\\`/g)].map(([, span]) => span!);
  const texts = [...line.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(([, a, b]) => a ?? b!);
  const ofTexts = texts.flatMap((text) => [...text.matchAll(/`([^`$]+)`/g)].map(([, span]) => span!));
  const named = [...line.matchAll(/[^=]"(parahack-sync [^"]+)"/g)].map(([, span]) => span!);
  const bare = [...line.matchAll(/(?:[Rr]un|with): (parahack-sync [^`'"]+)/g)].map(([, span]) => span!);
  return [...ofTemplates, ...ofTexts, ...named, ...bare];
}

/** Its words behind the name of the program; null where it is none, or only the name of one. */
function commandOf(span: string): string | null {
  const [, own] = span.split(/(?:^|\| )parahack-sync /);
  const text = (own ?? span).split(' | ')[0]!;
  const words = text.replaceAll(/\$\{[^}]*\}/g, (part) => typedFor(part));
  const [first = '', ...others] = words.split(' ');
  if (!commands.has(first) || (own === undefined && others.length === 0)) return null;
  return folders.includes(first) && others.length === 0 ? null : words;
}

/** What a template puts in its place. */
function typedFor(part: string): string {
  if (/url|origin/i.test(part)) return 'URL';
  return /states/.test(part) ? 'held' : 'KEY';
}

function wordsOf(command: string): string[] {
  return command.split(' ').map((word) => typed[word] ?? word);
}

const reached = new AppError('TIMEOUT', 'The command line was taken.');
/** An app that every command may ask for anything. */
function anyApp(): App {
  const any: unknown = new Proxy(() => {}, {
    get(_target, name) {
      if (name === 'then') return undefined;
      if (name === Symbol.asyncDispose) return async () => {};
      return name === 'orgNames' ? async () => [] : any;
    },
    apply() {
      throw reached;
    },
  });
  return any as App;
}

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'proposed-'));
  writeFileSync(join(cwd, 'contacts.csv'), 'LastName\nAda\n');
});
afterAll(() => rmSync(cwd, { recursive: true }));

const logins = (['refresh-token', 'jwt', 'client-credentials', 'access-token'] as const).flatMap((grant) =>
  [{}, { clientId: '3MVG9', username: 'ada@acme.com' }].map((known): [string, string] => {
    const command = loginCommand('https://acme.my.salesforce.com', { grant, ...known });
    return [command.replace('parahack-sync ', ''), 'src/auth/grant/login-command.ts'];
  }),
);
const all = [...proposals(), ...logins];

test('texts propose many commands', () => {
  expect(all.length).toBeGreaterThan(40);
});

test.each(all)('`%s`, which %s proposes, is one word after the other for a shell', (command) => {
  expect(command).not.toMatch(/[|<>;&()[\]{}*?…]/);
});

test('they begin with the name of the program, so that they can be copied', () => {
  expect(nameless).toEqual([]);
});

test.each(all)('`%s`, which %s proposes, is taken by the command line', async (command) => {
  const { code, stderr } = await runMain(wordsOf(command), { app: anyApp(), stdin: 'token\n', cwd });
  expect({ code, stderr }).not.toMatchObject({ code: 2 });
});
