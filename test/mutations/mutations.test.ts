import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runHistories } from './mutant-tree.ts';
import { type Mutation, readMutations } from './mutation.ts';
import { patchedFiles } from './patch.ts';

const root = new URL('../..', import.meta.url).pathname;
const folder = join(root, 'test/mutations');
const mutations = readMutations(folder);

/** The text of a test file, with that of what it imports from among the tests: a contract's titles stand there. */
function textsOf(testFile: string): string {
  const text = readFileSync(join(root, testFile), 'utf8');
  const imported = [...text.matchAll(/from '(\.[^']+\.ts)'/g)].map(([, path]) =>
    join(root, dirname(testFile), path ?? ''),
  );
  return [text, ...imported.map((path) => readFileSync(path, 'utf8'))].join('\n');
}

/** Titles may be cut where a value is put in, and stand in quotes of any kind. */
function standsIn(text: string, { testName }: Mutation): boolean {
  return testName === null || text.replaceAll("\\'", "'").includes(testName);
}

describe('planted faults', () => {
  it('are there, each patch one', () => {
    const patches = readdirSync(folder).filter((file) => file.endsWith('.patch'));
    expect(mutations.map(({ name }) => `${name}.patch`)).toEqual(patches.toSorted());
    expect(mutations.length).toBeGreaterThan(100);
  });

  it.each(mutations)('$name fits the tree, and names a test that is there', (mutation) => {
    const { testFile, diff, build } = mutation;
    const files = patchedFiles(diff, root);
    for (const [path, text] of files) expect(text).not.toBe(readFileSync(join(root, path), 'utf8'));
    expect([...files.keys()].every((path) => path.startsWith('src/'))).toBe(true);
    expect(existsSync(join(root, testFile)), testFile).toBe(true);
    const text = textsOf(testFile);
    expect(standsIn(text, mutation), `${testFile} has no test "${mutation.testName}"`).toBe(true);
    // Such a test runs `dist`, where nobody would see the fault.
    expect(build, 'Build: yes').toBe(
      /from '[./a-z0-9]*\/(?:cli|program)\.ts'/.test(readFileSync(join(root, testFile), 'utf8')),
    );
  });
});

describe('a patch', () => {
  const diff = (...lines: string[]) => ['--- a/package.json', '+++ b/package.json', ...lines, ''].join('\n');

  it('is found where lines above have moved, and changes nothing else', () => {
    const patched = patchedFiles(
      diff('@@ -90,2 +90,2 @@', ' {', '-  "name": "parahack-sync",', '+  "name": "x",'),
      root,
    );
    const before = readFileSync(join(root, 'package.json'), 'utf8');
    expect(patched.get('package.json')).toBe(before.replace('"name": "parahack-sync"', '"name": "x"'));
  });

  it('that does not fit, is cut or changes nothing is refused', () => {
    expect(() => patchedFiles(diff('@@ -1,2 +1,2 @@', ' {', '-  "no": 1,', '+  "no": 2,'), root)).toThrow(
      'is not as',
    );
    expect(() => patchedFiles(diff('@@ -1,3 +1,3 @@', ' {', '-  "no": 1,', '+  "no": 2,'), root)).toThrow(
      'is cut',
    );
    expect(() => patchedFiles(diff(), root)).toThrow('changes nothing');
    expect(() => patchedFiles('', root)).toThrow('changes no file');
  });
});

describe('histories under a planted fault', () => {
  /** What is made of a run that says this and ends so. */
  function resultOf(stdout: string, exitCode: number) {
    const tree = mkdtempSync(join(tmpdir(), 'parahack-sync-histories-'));
    try {
      mkdirSync(join(tree, 'test/model/watch'), { recursive: true });
      const text = `process.stdout.write(${JSON.stringify(stdout)}); process.exitCode = ${exitCode};`;
      writeFileSync(join(tree, 'test/model/watch/run-histories.ts'), text);
      return runHistories(tree, 'watch', [], 60_000);
    } finally {
      rmSync(tree, { recursive: true, force: true });
    }
  }

  it('tell which was bad, and how it is played again', () => {
    const told = [
      '27 histories, 1 bad, 50 ms each, seed 1',
      'Bad: number 2 of chance',
      'Error: At rest the mirror differs:',
      'x is lost.',
      'History: {"beginning":{}}',
      '',
    ].join('\n');
    const { ended, played, bad } = resultOf(told, 1);
    expect({ ended, played, bad }).toEqual({
      ended: true,
      played: 27,
      bad: {
        which: 'number 2 of chance',
        failure: 'At rest the mirror differs: x is lost.',
        history: '{"beginning":{}}',
      },
    });
  });

  it('have ended well, or are no proof where none was played to its end', () => {
    expect(resultOf('226 histories, 0 bad, 50 ms each, seed 1\n', 0)).toMatchObject({
      ended: true,
      bad: null,
    });
    expect(resultOf('SyntaxError: of the fault itself\n', 1)).toMatchObject({ ended: false, bad: null });
    expect(resultOf('', 139)).toMatchObject({ ended: false, bad: null });
  });
});
