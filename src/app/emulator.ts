import type { CallContext } from './app.ts';
import type { EmulatorEvent, EmulatorOptions } from './contract/emulator.ts';

/** Runs a local Salesforce org until the signal aborts. */
export async function runEmulator(
  options: EmulatorOptions,
  { signal, onEvent }: CallContext<EmulatorEvent>,
): Promise<void> {
  const { startEmulator } = await import('../emulator/index.ts');
  const { stateFile, ...rest } = options;
  await using emulator = await startEmulator({ ...rest, stateFile: stateFile ?? undefined });
  const { url, clientId, clientSecret, username, orgId, accessToken } = emulator;
  onEvent({ event: 'emulator:ready', url, clientId, clientSecret, username, orgId, accessToken });
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
