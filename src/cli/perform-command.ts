import { isAbort } from '../base/abort.ts';
import { printableJson } from '../base/printable-json.ts';
import type { GlobalFlags } from '../config/global-flags.ts';
import { readOutputConfig } from '../config/output-config.ts';
import { readConfig } from '../config/read-config.ts';
import type { App } from '../contract/app.ts';
import type { CliIo } from './cli-io.ts';
import type { Handler, Outcome } from './invocation.ts';
import type { Messages } from './messages.ts';
import type { OrgNames } from './org-names.ts';
import type { OutputStream } from './output-stream.ts';
import { printableApp } from './printable-app.ts';
import { printableValue } from './printable-value.ts';
import type { StopSignals } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';

export interface CommandParts {
  io: CliIo;
  flags: GlobalFlags;
  terminal: Terminal;
  messages: Messages;
  stop: StopSignals;
  stdout: OutputStream;
  orgNames: OrgNames;
  /** What the redaction hides; grows by what a command reads. */
  secrets: (string | undefined)[];
  /** Shows what a command ended with, while the app that it may still be read from is open; whether all of it. */
  present: (outcome: Outcome) => Promise<boolean>;
}

/** Runs one handler. The app is made when the handler first asks for it, and disposed when it is done. */
export async function performCommand(
  handler: Handler,
  { io, flags, terminal, messages, stop, stdout, orgNames, secrets, present }: CommandParts,
): Promise<void> {
  let opened: Promise<App> | null = null;
  const config = () => readConfig({ flags, env: io.env, cwd: io.cwd });
  const open = async () => {
    const app = await (await io.loadApp())(config(), { log: messages.log });
    await orgNames.learnFrom(app);
    // JSON escapes what text leaves out, so that a program gets each value as it is.
    return flags.json ? app : printableApp(app, orgNames);
  };
  // Lines about events are awaited by nobody: where one cannot be written, the work ends and says why.
  let unwritten: unknown = null;
  const noticed = (written: Promise<void>) => {
    written.catch((error: unknown) => {
      // Given up, because the command was ended and nobody reads.
      if (isAbort(error)) return;
      unwritten ??= error;
      stop.stop();
    });
    return written;
  };
  try {
    const outcome = await handler({
      io,
      output: readOutputConfig(flags),
      terminal,
      messages,
      signal: stop.signal,
      interrupt: () => stop.interrupt(),
      config,
      app: () => (opened ??= open()),
      context: (onEvent = () => {}, { exact = flags.json ?? false } = {}) => ({
        signal: stop.signal,
        onEvent: exact ? onEvent : (event) => onEvent(printableValue(event, orgNames) as typeof event),
      }),
      orgNames,
      print: (text) => noticed(stdout.write(text)),
      printData: (text) => noticed(stdout.writeData(text)),
      printLine: (value) => noticed(stdout.write(`${printableJson(value)}\n`)),
      hide: (secret) => void secrets.push(secret),
    });
    messages.setPainter(null);
    if (unwritten !== null) throw unwritten;
    await orgNames.refresh();
    if (await present(outcome)) outcome.shown?.();
  } catch (error) {
    // The handler's error is the one to tell, whatever goes wrong while the app is put away.
    await dispose(opened, orgNames).catch(() => {});
    throw unwritten ?? error;
  } finally {
    messages.setPainter(null);
  }
  await dispose(opened, orgNames);
}

async function dispose(opened: Promise<App> | null, orgNames: OrgNames): Promise<void> {
  const app = await opened?.catch(() => null);
  if (app) await orgNames.keep();
  await app?.[Symbol.asyncDispose]();
}
