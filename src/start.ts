import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { constants, enableCompileCache, getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import { makeFolder } from './base/make-folder.ts';
import type { CliIo } from './cli/cli-io.ts';
import { asksVersionOnly } from './cli/print-version.ts';
import { main } from './main.ts';

/**
 * What `bin/` calls once it knows that this Node.js will do: the process's arguments in, its exit code set. `io` replaces
 * parts of the real process.
 */
export async function start(io: Partial<CliIo> = {}): Promise<void> {
  const argv = process.argv.slice(2);
  // The cache pays for itself where more than a few lines are loaded, all of which `main` does after it is on.
  if (!asksVersionOnly(argv)) await keepCompiledCode(argv.includes('push') ? 'push' : '.');
  process.exitCode = await main(argv, io);
  // Where it is left to Node.js, the listeners of signals go first, and then all that the process has held, for a tenth
  // of a second and more: a signal in that would give a result that was told the exit code of one that was cut off.
  process.once('beforeExit', () => process.exit());
}

/**
 * Has V8 keep compiled code between starts, in the user's cache folder rather than in Node's default, the shared
 * temporary folder: whoever can write there decides what this process runs. Where the folder is not this user's alone
 * or cannot be made, code is compiled at each start. NODE_COMPILE_CACHE names another folder, and
 * NODE_DISABLE_COMPILE_CACHE=1 turns it off (https://nodejs.org/api/module.html#module-compile-cache).
 *
 * A push has a part of its own: it runs under another flag of V8, which takes over nothing that was compiled without it.
 */
async function keepCompiledCode(part: '.' | 'push'): Promise<void> {
  const { ownFolders } = await import('./config/own-folders.ts');
  try {
    const folder = ownFolders().cache;
    makeFolder(folder);
    const { uid, mode } = statSync(folder);
    const isOurs = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    if (!isOurs) return;
    const { status } = enableCompileCache(join(folder, part));
    if (status !== constants.compileCacheStatus.ENABLED) return;
    // Below that folder, one for each Node.js.
    const inUse = getCompileCacheDir();
    if (inUse !== undefined) dropHalfWritten(inUse);
  } catch {
    // A home that is missing, unknown, full or read-only is no reason not to start.
  }
}

/** Far longer than a process takes to write one. */
const halfWrittenMs = 60_000;

/**
 * Node.js writes each file beside its place, as `NAME.XXXXXX`, and leaves it there where the disk is full or the process
 * is killed: each start on a full disk would add some dozens.
 */
function dropHalfWritten(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!/\.\w{6}$/.test(name)) continue;
    const path = join(folder, name);
    const file = statSync(path, { throwIfNoEntry: false });
    if (file !== undefined && Date.now() - file.mtimeMs > halfWrittenMs) unlinkSync(path);
  }
}
