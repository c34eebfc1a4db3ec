import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { haveRealPart } from '../support/real-part.ts';
import { fakeApp } from './support/fake-app.ts';
import { runMain } from './support/run-main.ts';

const folder = mkdtempSync(join(tmpdir(), 'parahack-completion-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout } = await runMain(['completion', shell]);
  expect(code).toBe(0);
  const file = join(folder, `completion.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

/** Names that a shell would act upon, where it were let. */
const odd = ['a b', '$(touch pwned)', '`touch pwned`', '*', "it's;x"];
const orgs = ['prod', 'acme.my.salesforce.com', 'localhost:8080', ...odd];

beforeAll(() => {
  // What the script asks for the names of orgs.
  const command = join(folder, 'parahack-sync');
  writeFileSync(command, '#!/bin/sh\n[ "$*" = "__complete orgs" ] && cat "$0.orgs"\n');
  writeFileSync(`${command}.orgs`, `${orgs.join('\n')}\n`);
  chmodSync(command, 0o755);
});

describe.skipIf(!has('bash'))('bash', () => {
  test.each([
    ['parahack-sync ba', ['backfill']],
    ['parahack-sync contacts ', ['list', 'search', 'show', 'export']],
    ['parahack-sync --json contacts e', ['export']],
    ['parahack-sync backfill --fr', ['--fresh']],
    ['parahack-sync backfill --api ', ['auto', 'rest', 'bulk']],
    ['parahack-sync push --org=p', ['prod']],
    ['parahack-sync push --org=', orgs],
    ['parahack-sync backfill --api=r', ['rest']],
    ['parahack-sync orgs enable localhost:80', ['8080']],
    ['parahack-sync orgs enable localhost:', ['8080']],
    ['parahack-sync push --org localhost:8', ['8080']],
    ['parahack-sync backfill ', orgs],
    ['parahack-sync push --org p', ['prod']],
    ['parahack-sync completion ', ['bash', 'zsh', 'fish']],
    ['parahack-sync orgs ', ['enable', 'disable', 'alias', 'set']],
    ['parahack-sync orgs enable ac', ['acme.my.salesforce.com']],
    ['parahack-sync watch --interval ', []],
    ['parahack-sync __', []],
  ])('%s', async (line, expected) => {
    // As readline cuts the line: at blanks, and at : and = too.
    const cut = line.replaceAll(/([:=])(?!$)/g, ' $1 ').replaceAll(/(?<! )([:=])$/g, ' $1');
    const script = `source "${await scriptOf('bash')}"
COMP_WORDS=(${cut.endsWith(' ') ? `${cut}""` : cut}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
_parahack_sync
for word in "\${COMPREPLY[@]}"; do eval "printf '%s\\n' $word"; done`;
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const words = execFileSync('bash', ['--norc', '-c', script], { env, encoding: 'utf8', cwd: folder });
    expect(words.split('\n').filter((word) => word !== '')).toEqual(expected);
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });
});

describe.each([
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
])('%s', (shell, flags) => {
  test.skipIf(!haveRealPart(`The shell ${shell}`, [shell]))('reads its script', async () => {
    const file = await scriptOf(shell);
    const { status, stderr } = spawnSync(shell, [...flags, file], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

test.skipIf(!haveRealPart('The shell fish', ['fish']))('fish offers names, flags and values', async () => {
  const file = await scriptOf('fish');
  const offered = (line: string) => {
    const script = `source ${file}; complete -C${JSON.stringify(line)}`;
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, HOME: folder };
    const words = execFileSync('fish', ['--no-config', '-c', script], { env, encoding: 'utf8', cwd: folder });
    return words
      .split('\n')
      .filter((word) => word !== '')
      .map((word) => word.split('\t')[0]);
  };
  expect(offered('parahack-sync contacts ').sort()).toEqual(['export', 'list', 'search', 'show']);
  expect(offered('parahack-sync push --org=p')).toEqual(['--org=prod']);
  expect(offered('parahack-sync orgs enable ').sort()).toEqual(orgs.toSorted());
  expect(offered('parahack-sync backfill --api ').sort()).toEqual(['auto', 'bulk', 'rest']);
  expect(existsSync(join(folder, 'pwned'))).toBe(false);
});

test('names of orgs come from the registry; without one there are none, and no error', async () => {
  const org = {
    instanceUrl: 'http://localhost:8080',
    orgId: '00D',
    username: 'u',
    alias: null,
    sync: true,
    twoWay: false,
    conflicts: 'salesforce-wins',
    auth: 'ok' as const,
    budget: null,
  };
  const { app } = fakeApp({ orgNames: async () => [{ ...org, alias: 'dev' }, org] });
  expect((await runMain(['__complete', 'orgs'], { app })).stdout).toBe(
    'dev\nlocalhost:8080\nlocalhost:8080\n',
  );
  const broken = await runMain(['__complete', 'orgs'], { env: { PARAHACK_SYNC_API_BUDGET: 'x' } });
  expect(broken).toMatchObject({ code: 0, stdout: '', stderr: '' });
});
