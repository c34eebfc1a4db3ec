import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import { Services } from '../../src/compose/services.ts';
import { readConfig } from '../../src/config/read-config.ts';

export interface OpenServices extends AsyncDisposable {
  services: Services;
  /** What was told, as `level message`. */
  said: string[];
}

/** The application's parts on a data folder of their own, for an org given by the environment. Waits pass at once. */
export function openServices(
  org: { url: string; accessToken: string },
  { dataDir }: { dataDir?: string } = {},
): OpenServices {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'parahack-sync-app-'));
  const said: string[] = [];
  const say = (level: string) => (message: string) => void said.push(`${level} ${message}`);
  const log: Logger = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const config = readConfig({
    flags: {},
    env: {
      PARAHACK_SYNC_DATA_DIR: folder,
      PARAHACK_SYNC_CREDENTIAL_STORE: 'memory',
      PARAHACK_SYNC_INSTANCE_URL: org.url,
      PARAHACK_SYNC_ACCESS_TOKEN: org.accessToken,
    },
    cwd: folder,
  });
  const services = new Services(config, { log });
  const hurried = {
    ...systemClock,
    sleep: (ms: number, options?: { signal?: AbortSignal }) => systemClock.sleep(Math.min(ms, 5), options),
  };
  Object.assign(services, { clock: hurried });
  return {
    services,
    said,
    async [Symbol.asyncDispose]() {
      await services[Symbol.asyncDispose]();
      if (dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
