/**
 * Makes what `bin/` loads: the compiler's output once more, in some 60 files in place of 400, because at a start a file
 * costs more than its lines. The packages it uses stay outside. `dist/` itself is for readers and for the library.
 */
import { readFileSync } from 'node:fs';
import { build } from 'rolldown';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const packages = Object.keys(dependencies);

await build({
  input: {
    start: 'dist/start.js',
    'writer-thread': 'dist/store/sqlite/writer/writer-thread.js',
  },
  platform: 'node',
  external: (id) =>
    id.startsWith('node:') || packages.some((name) => id === name || id.startsWith(`${name}/`)),
  onLog(level, { code, message }) {
    // A file that is loaded late in one place and at once in another is no fault.
    if (code === 'INEFFECTIVE_DYNAMIC_IMPORT' || level === 'info' || level === 'debug') return;
    throw new Error(message);
  },
  output: {
    dir: 'dist/bundled',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    sourcemap: true,
    codeSplitting: {
      groups: [
        // All that `--version` needs: of the rest, what hashes and looks for folders takes longer than it does itself.
        {
          name: 'first',
          test: /dist\/(main|cli\/(print-version|process-io|version|output-stream)|base\/(abort|errors?(-codes)?|means-no-room|printable|make-folder))\.js/,
          priority: 1,
        },
        // What nearly every command needs, in one file in place of a dozen; what repeats needs a package.
        { name: 'base', test: /dist\/(base\/(?!retry)|config\/)/ },
      ],
    },
  },
});
