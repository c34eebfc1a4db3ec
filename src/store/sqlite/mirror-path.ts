import { join } from 'node:path';
import { hostKeyOf } from '../../org/instance-url.ts';

/** `<folder>/<host>.db`, with `_<port>` where the URL gives a port. */
export function mirrorPath(folder: string, instanceUrl: string): string {
  return join(folder, `${hostKeyOf(instanceUrl)}.db`);
}
