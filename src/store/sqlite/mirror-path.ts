import { join } from 'node:path';

/** `<folder>/<host>.db`, with `_<port>` where the URL gives a port. */
export function mirrorPath(folder: string, instanceUrl: string): string {
  const { hostname, port } = new URL(instanceUrl);
  // An IPv6 host's brackets and colons are no good in file names on every system.
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replaceAll(':', '-');
  return join(folder, `${host}${port === '' ? '' : `_${port}`}.db`);
}
