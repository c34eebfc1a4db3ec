import type { OutputConfig } from './config.ts';
import type { GlobalFlags } from './global-flags.ts';

export function readOutputConfig(flags: GlobalFlags): OutputConfig {
  return { json: flags.json ?? false, quiet: flags.quiet ?? false, verbosity: flags.verbose ?? 0 };
}
