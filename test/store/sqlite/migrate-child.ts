/**
 * Brings the mirror at PATH to this tool's version and tells the number of statements. `node migrate-child.ts PATH KILL_AT`
 * kills itself before the statement number KILL_AT; with 0 it gets to the end, and before each statement N copies its files
 * to PATH.at-N: what was written until then, no more, as a kill leaves it.
 */
import { copyFileSync, existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { migrate } from '../../../src/store/sqlite/mirror-format.ts';

const [path, killAt] = [process.argv[2]!, Number(process.argv[3])];
let statements = 0;
const db = new Database(path, {
  verbose: () => {
    if (++statements === killAt) process.kill(process.pid, 'SIGKILL');
    if (killAt !== 0) return;
    for (const end of ['', '-wal', '-shm', '-journal']) {
      if (existsSync(path + end)) copyFileSync(path + end, `${path}.at-${statements}${end}`);
    }
  },
});
migrate(db, path);
db.close();
process.stdout.write(`${statements}\n`);
