#!/usr/bin/env node
// Nothing may load before this check: under an old Node, better-sqlite3 ends in a segmentation fault
// that no JavaScript sees. So this file has no static import.
const required = [22, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < required[0] || (major === required[0] && minor < required[1])) {
  process.stderr.write(
    `parahack-sync needs Node.js ${required.join('.')} or newer and was started by ${process.versions.node} (${process.execPath}).\n`,
  );
  process.exitCode = 1;
} else {
  import('../dist/bundled/start.js').then(
    ({ start }) => start(),
    (error) => {
      if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('dist')) throw error;
      process.stderr.write('parahack-sync is not built: run `npm run build` in its folder first.\n');
      process.exitCode = 1;
    },
  );
}
