/**
 * Makes what `bin/` loads: the compiler's output once more, with the packages it uses, in some 80 files in place of 800,
 * because at a start a file costs more than its lines. `dist/` itself is for readers and for the library.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { asciiOnly } from './ascii-only.js';
import { directBuiltins } from './direct-builtins.js';
import { writeNotices } from './write-notices.js';

/** Loaded from where they are installed: the first two are native, and the others find files of their own beside them. */
const outside = ['better-sqlite3', 'keytar', 'open', 'pino'];
const dir = 'dist/bundled';

/** Of undici only what is used. */
const lessOfUndici = {
  name: 'less-of-undici',
  resolveId(source, importer = '') {
    if (source === 'undici') return fileURLToPath(new URL('undici.cjs', import.meta.url));
    if (source === './client-h2.js' && /undici[\\/]lib[\\/]dispatcher[\\/]client\.js$/.test(importer))
      return fileURLToPath(new URL('no-http2.cjs', import.meta.url));
    return null;
  },
};

const { output } = await build({
  input: {
    start: 'dist/start.js',
    'writer-thread': 'dist/store/sqlite/writer/writer-thread.js',
  },
  platform: 'node',
  plugins: [lessOfUndici, directBuiltins, asciiOnly],
  external: (id) =>
    id.startsWith('node:') || outside.some((name) => id === name || id.startsWith(`${name}/`)),
  onLog(level, { code, message }) {
    // A file that is loaded late in one place and at once in another is no fault.
    if (code === 'INEFFECTIVE_DYNAMIC_IMPORT' || level === 'info' || level === 'debug') return;
    throw new Error(message);
  },
  output: {
    dir,
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
writeNotices(output, `${dir}/third-party-notices.txt`);
