import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** What a run of the program or of a tool leaves in the working folder is easily committed along. */

const root = join(import.meta.dirname, '..');

it('nothing stands at the top but what the project is made of', ({ skip }) => {
  const listed = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  if (listed.status !== 0 && process.env.CI === undefined) skip('this is no checkout of git');
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
