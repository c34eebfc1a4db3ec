import type { CallContext } from '../contract/app.ts';
import type { EmulatedOrg, EmulatorEvent, EmulatorOptions } from '../contract/emulator.ts';

interface RunningOrgs extends AsyncDisposable {
  readonly orgs: readonly EmulatedOrg[];
}

export interface EmulatorParts {
  startOrgs(
    count: number,
    options: Omit<EmulatorOptions, 'orgs' | 'orgId' | 'stateFile'> & {
      signal: AbortSignal;
      orgId?: string;
      stateFile?: string;
    },
  ): Promise<RunningOrgs>;
}

/** Runs local Salesforce orgs until the signal aborts. */
export async function runEmulator(
  { startOrgs }: EmulatorParts,
  options: EmulatorOptions,
  { signal, onEvent }: CallContext<EmulatorEvent>,
): Promise<void> {
  const { orgs: count, orgId, stateFile, ...rest } = options;
  await using running = await startOrgs(count, {
    ...rest,
    signal,
    ...(orgId === null ? {} : { orgId }),
    ...(stateFile === null ? {} : { stateFile }),
  });
  const [first, ...more] = running.orgs.map(
    ({ url, clientId, clientSecret, username, orgId: id, accessToken }): EmulatedOrg => ({
      url,
      clientId,
      clientSecret,
      username,
      orgId: id,
      accessToken,
    }),
  ) as [EmulatedOrg, ...EmulatedOrg[]];
  onEvent({ event: 'emulator:ready', ...first, orgs: [first, ...more] });
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
