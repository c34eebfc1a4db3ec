import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Model = 'watch' | 'push' | 'two-way';

/** One planted fault: what it breaks, the diff, and the test that must notice it. */
export interface Mutation {
  /** The patch's file name without its ending. */
  name: string;
  /** What a user would lose, in a sentence. */
  breaks: string;
  /** The test file, from the project's root. */
  testFile: string;
  /** The test's name as Vitest joins it, matched as a part; without it any test of the file may turn red. */
  testName: string | null;
  /** Whether the test runs what `npm run build` makes. */
  build: boolean;
  /** Which model has to notice it too, by itself: a folder of `test/model/`. */
  model: Model | null;
  /** The unified diff that plants the fault. */
  diff: string;
}

/**
 * A patch begins with what it breaks, then `Test: FILE`, and where wanted `Name: TITLE`, `Build: yes` and `Model: yes`
 * (of the watch), `Model: push` or `Model: two-way`, each on a line of its own; a unified diff follows.
 */
export function readMutations(folder: string): Mutation[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.patch'))
    .toSorted()
    .map((file) => parseMutation(file, join(folder, file)));
}

function parseMutation(file: string, path: string): Mutation {
  const text = readFileSync(path, 'utf8');
  const head = text.split(/^(?:diff |--- )/m, 1)[0] ?? '';
  const value = (key: string) => new RegExp(`^${key}: (.+)$`, 'm').exec(head)?.[1]?.trim() ?? null;
  const testFile = value('Test');
  const breaks = head.split('\n', 1)[0]?.trim() ?? '';
  if (testFile === null || breaks === '') throw new Error(`${file}: the first line or "Test:" is missing.`);
  return {
    name: file.replace(/\.patch$/, ''),
    breaks,
    testFile,
    testName: value('Name'),
    build: value('Build') === 'yes',
    model: modelOf(value('Model')),
    diff: text.slice(head.length),
  };
}

function modelOf(text: string | null): Model | null {
  if (text === 'push' || text === 'two-way') return text;
  return text === 'yes' ? 'watch' : null;
}
