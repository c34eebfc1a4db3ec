/**
 * A `login --move` in a process of its own that is killed behind its `nth` durable step: `move-child.ts URL TOKEN FOLDER
 * NTH`, the credential store as the environment has it.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [, , url, accessToken, dataDir, nth] = process.argv as [string, string, string, string, string, string];
let steps = 0;
const step = () => {
  if (++steps === Number(nth)) process.kill(process.pid, 'SIGKILL');
};
const { renameSync } = fs;
let counts = false;
fs.renameSync = (from, to) => {
  renameSync(from, to);
  if (counts) step();
};
syncBuiltinESMExports();

/** The same object, whose named methods are steps. */
function stepped<T extends object>(target: T, ...names: (keyof T & string)[]): T {
  for (const name of names) {
    const method = target[name] as (...args: unknown[]) => unknown;
    Object.assign(target, {
      [name]: (...args: unknown[]) => {
        const result = method.apply(target, args);
        if (!(result instanceof Promise)) {
          step();
          return result;
        }
        return result.then((value: unknown) => {
          step();
          return value;
        });
      },
    });
  }
  return target;
}

const { Services } = await import('../../src/compose/services.ts');
const { login } = await import('../../src/usecases/login.ts');
const { silentLogger } = await import('../../src/base/logger.ts');
const { readConfig } = await import('../../src/config/read-config.ts');
const env = { ...process.env, PARAHACK_SYNC_DATA_DIR: dataDir };
await using services = new Services(readConfig({ flags: {}, env, cwd: dataDir }), { log: silentLogger });
stepped(services.credentials, 'set', 'delete');
stepped(services.registry, 'put', 'move', 'update');
counts = true;
await login(
  services,
  {
    flow: 'access-token',
    instanceUrl: url,
    accessToken,
    alias: null,
    sync: true,
    move: true,
    replaceUser: false,
    replaceGrant: true,
  },
  { signal: new AbortController().signal, onEvent: () => {} },
);
