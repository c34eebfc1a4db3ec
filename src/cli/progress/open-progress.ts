import type { Invocation } from '../invocation.ts';
import { createLineProgress } from './line-progress.ts';
import type { ProgressView } from './progress-view.ts';
import { openSpinnerProgress } from './spinner-progress.ts';

/** A spinner where a person looks on, else plain lines; nothing with `--quiet`. */
export async function openProgress({
  output,
  terminal,
  messages,
  io,
  orgNames,
}: Invocation): Promise<ProgressView> {
  if (output.quiet) return { show() {}, stop() {} };
  const why = output.verbosity > 0;
  if (!terminal.interactive)
    return createLineProgress((line) => messages.say(line), { now: io.now, orgNames, why });
  return await openSpinnerProgress(io.stderr as NodeJS.WriteStream, messages, { orgNames, why });
}
