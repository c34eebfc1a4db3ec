import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Loaded before the command line: the disk of what standard output goes to fails when it is told to keep it. */
const { fsync } = fs;
fs.fsync = (file, done) => {
  if (file !== 1) return fsync(file, done);
  process.nextTick(
    done,
    Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' }),
  );
};
syncBuiltinESMExports();
