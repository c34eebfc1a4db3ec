import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { errorCodes } from '../../src/base/error-codes.ts';
import { exitCodeByErrorCode } from '../../src/cli/exit-codes.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { commands, environment, globalFlags, notBuiltYet } from './contract.ts';
import { fakeApp } from './support/fake-app.ts';
import { json, runMain } from './support/run-main.ts';

const page = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const program = buildProgram({ run() {}, write() {} });

function find(path: string): Command {
  let command = program;
  for (const name of path.split(' ')) {
    const next = command.commands.find((sub) => sub.name() === name);
    if (next === undefined) throw new Error(`There is no command "${path}".`);
    command = next;
  }
  return command;
}

/** `--alias <name>` of every flag, its short form left out. */
function flagsOf(command: Command): string[] {
  const help = command.createHelp();
  return help.visibleOptions(command).map((option) => option.flags.replace(/^-\w, /, ''));
}

function argumentsOf(command: Command): string[] {
  return command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? '...' : '');
    return argument.required ? `<${name}>` : `[${name}]`;
  });
}

function everyCommand(command: Command, path: string[] = []): [string, Command][] {
  return command.commands
    .filter((sub) => !sub.name().startsWith('__') && sub.name() !== 'help')
    .flatMap((sub) => [
      [[...path, sub.name()].join(' '), sub] as [string, Command],
      ...everyCommand(sub, [...path, sub.name()]),
    ]);
}

interface Row {
  /** The first cell of the table's head. */
  table: string;
  /** What stands in backticks in the first cell. */
  names: string[];
  text: string;
}

/** The rows of all tables of a page. */
function rowsOf(text: string): Row[] {
  let table = '';
  return text.split('\n').flatMap((line, i, lines) => {
    if (!line.startsWith('| ')) return [];
    const first = line.split(/(?<!\\)\|/)[1]!.trim();
    if (lines[i + 1]?.startsWith('|---') === true) {
      table = first;
      return [];
    }
    return [{ table, names: [...first.matchAll(/`([^`]+)`/g)].map(([, name]) => name!), text: line }];
  });
}

const paths = everyCommand(program).map(([path]) => path);

/** Whether `name`, such as `orgs set ORG --budget 0.25`, is of the command `path` and of none below it. */
function isCommand(name: string, path: string): boolean {
  const begins = (start: string) => name === start || name.startsWith(`${start} `);
  return begins(path) && !paths.some((other) => other.startsWith(`${path} `) && begins(other));
}

describe('every command of the contract is there', () => {
  test.each(Object.entries(commands))('%s', (path, contract) => {
    const command = find(path);
    expect(argumentsOf(command)).toEqual(contract.arguments ?? []);
    for (const flag of contract.flags ?? []) expect(flagsOf(command)).toContain(flag);
  });

  test('with the global flags', () => {
    for (const flag of globalFlags) expect(flagsOf(program)).toContain(flag);
  });
});

test.each(everyCommand(program))('%s explains itself', async (path, command) => {
  const { code, stdout, stderr } = await runMain([...path.split(' '), '--help']);
  expect(code).toBe(0);
  expect(stderr).toBe('');
  expect(stdout).toContain(`Usage: parahack-sync ${path}`);
  expect(command.description()).not.toBe('');
  expect(stdout).toContain('--data-dir');
});

test.each(notBuiltYet.map((argv) => [argv.join(' '), argv] as const))(
  '%s says that it is not built yet',
  async (_, argv) => {
    const { code, stdout } = await runMain([...argv, '--json'], { app: fakeApp({}).app });
    expect(code).toBe(1);
    expect(json(stdout)).toMatchObject({ error: { code: 'NOT_AVAILABLE', hint: expect.any(String) } });
  },
);

test('a database in place of the data folder is not left aside in silence', async () => {
  for (const [name, value] of [
    ['PARAHACK_SYNC_DATABASE_URL', 'postgres://u:hunter2@localhost/sync'],
    ['PARAHACK_SYNC_CREDENTIAL_STORE', 'database'],
  ] as const) {
    const { code, stdout } = await runMain(['status', '--json'], {
      app: fakeApp({}).app,
      env: { [name]: value },
    });
    expect(code).toBe(1);
    expect(json(stdout)).toMatchObject({ error: { code: 'NOT_AVAILABLE', hint: expect.any(String) } });
    expect(stdout).not.toContain('hunter2');
  }
});

test('a watch without events is what every watch is', async () => {
  const { code, stdout } = await runMain(['watch', '--no-events', '--exec', 'cat', '--json'], {
    app: fakeApp({}).app,
  });
  expect([code, json(stdout)]).toMatchObject([1, { error: { code: 'NOT_AVAILABLE', message: /exec/ } }]);
});

test('what answers NOT_AVAILABLE stands among what is not there yet', () => {
  const notThere = /## Not there yet\n([\s\S]*?)\n## /.exec(page('README.md'))?.[1] ?? '';
  const named = notBuiltYet.map(([command, second]) =>
    ['outbox', 'orgs', 'watch', 'emulator'].includes(command!) ? `${command} ${second}` : command!,
  );
  for (const name of [...named, 'PARAHACK_SYNC_DATABASE_URL', 'PARAHACK_SYNC_EVENTS_URL'])
    expect(notThere).toContain(`\`${name}`);
});

describe('the reference holds everything', () => {
  const commandsPage = page('docs/reference/commands.md');
  const configuration = page('docs/reference/configuration.md');
  const errors = page('docs/reference/errors.md');

  test.each(everyCommand(program))('%s and its flags', (path, command) => {
    const rows = rowsOf(commandsPage);
    const own = rows.filter(({ names }) => names.some((name) => isCommand(name, path)));
    // A group that only says which commands it has, such as `outbox`, has no row of its own.
    if (path in commands) expect(own, path).not.toEqual([]);
    else expect(commandsPage).toContain(`\`${path}`);
    const flags = rows.filter(({ table }) => table === `flag of \`${path}\``);
    // A command with a table of its flags may name one in passing; any other has them in its row.
    const told = (
      flags.length > 0 ? [...own, ...flags].flatMap(({ names }) => names) : own.map(({ text }) => text)
    ).join('\n');
    for (const flag of flagsOf(command)) {
      const name = flag.split(' ')[0]!;
      if (name === '--help') expect(commandsPage).toContain(name);
      else expect(told, `${path} ${name}`).toMatch(new RegExp(`${name}(?![\\w-])`));
    }
  });

  test('variables and global flags', () => {
    for (const name of [...environment, ...globalFlags]) expect(configuration).toContain(name);
  });

  test('error codes that have an exit code of their own', () => {
    const rows = errors.split('\n').filter((line) => /^\| `[A-Z_]+`/.test(line));
    for (const [code, exitCode] of Object.entries(exitCodeByErrorCode)) {
      const row = rows.find((line) => line.includes(`\`${code}\``));
      expect(row?.split('|')[2], code).toContain(String(exitCode));
    }
  });

  test('every error code that the source makes', () => {
    const source = fileURLToPath(new URL('../../src', import.meta.url));
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' });
    // The codes that the emulator answers with are Salesforce's; those of its start are ours.
    const own = files.filter((file) => file.endsWith('.ts') && !/^emulator.*[/\\].*[/\\]/.test(file));
    const codes = own.flatMap((file) => {
      const text = readFileSync(join(source, file), 'utf8');
      return [...text.matchAll(/new AppError\(([^,]+),/g)].flatMap(([, first]) =>
        [...first!.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code!),
      );
    });
    expect(codes.length).toBeGreaterThan(30);
    for (const code of [...codes, ...errorCodes]) expect(errors).toContain(`\`${code}\``);
    // And none that nothing makes.
    const others = files.filter((file) => file.endsWith('.ts') && file !== join('base', 'error-codes.ts'));
    const elsewhere = others.map((file) => readFileSync(join(source, file), 'utf8')).join('\n');
    for (const code of errorCodes) expect(elsewhere, code).toMatch(new RegExp(`'${code}'`));
  });
});
