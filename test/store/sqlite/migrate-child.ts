/**
 * Brings the mirror at PATH to this tool's version, and kills itself before the statement number KILL_AT; tells the
 * number of statements where it got to the end. `node migrate-child.ts PATH KILL_AT`
 */
import Database from 'better-sqlite3';
import { migrate } from '../../../src/store/sqlite/schema.ts';

const [path, killAt] = [process.argv[2]!, Number(process.argv[3])];
let statements = 0;
const db = new Database(path, {
  verbose: () => {
    if (++statements === killAt) process.kill(process.pid, 'SIGKILL');
  },
});
migrate(db, path);
db.close();
process.stdout.write(`${statements}\n`);
