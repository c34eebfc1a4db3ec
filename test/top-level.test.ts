import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** What a run of the program or of a tool leaves in the working folder is easily committed along. */

const root = join(import.meta.dirname, '..');

it('nothing stands at the top but what the project is made of', ({ skip }) => {
  if (!existsSync(join(root, '.git'))) skip('this is no checkout of git');
  // A checkout may be another user's, which git would else not look at.
  const words = ['-c', 'safe.directory=*', 'ls-files', '-z'];
  const listed = spawnSync('git', words, { cwd: root, encoding: 'utf8' });
  if (listed.error !== undefined) skip('git is not installed');
  expect(listed.stderr).toBe('');
  const names = new Set(listed.stdout.split('\0').map((path) => path.split('/')[0]));
  expect([...names].filter((name) => name !== '').toSorted()).toEqual([
    '.build',
    '.ci',
    '.dependency-cruiser.cjs',
    '.gitattributes',
    '.gitignore',
    '.npmrc',
    'LICENSE',
    'README.md',
    'bin',
    'biome.json',
    'docs',
    'package-lock.json',
    'package.json',
    'src',
    'test',
    'tsconfig.build.json',
    'tsconfig.json',
    'vitest.config.ts',
  ]);
});
