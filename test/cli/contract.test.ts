import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { exitCodeByErrorCode } from '../../src/cli/exit-codes.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { commands, environment, globalFlags, notBuiltYet } from './contract.ts';
import { fakeApp } from './support/fake-app.ts';
import { json, runMain } from './support/run-main.ts';

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

describe('the reference holds everything', () => {
  const reference = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

  test.each(everyCommand(program))('%s and its flags', (path, command) => {
    expect(reference).toContain(`\`${path}`);
    for (const flag of flagsOf(command)) expect(reference).toContain(flag.split(' ')[0]);
  });

  test('variables and global flags', () => {
    for (const name of [...environment, ...globalFlags]) expect(reference).toContain(name);
  });

  test('error codes', () => {
    for (const code of Object.keys(exitCodeByErrorCode)) expect(reference).toContain(`\`${code}\``);
  });
});
