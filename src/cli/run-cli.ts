import { isAbort } from '../base/abort.ts';
import { isAppError } from '../base/errors.ts';
import { withFinally } from '../base/finally.ts';
import { printableJson } from '../base/printable-json.ts';
import type { GlobalFlags } from '../config/global-flags.ts';
import { readOutputConfig } from '../config/output-config.ts';
import { readConfig } from '../config/read-config.ts';
import { defaultStopBudgetMs, readStopBudget } from '../config/stop-budget.ts';
import type { App } from '../contract/app.ts';
import { createRedact, type Redact } from '../contract/redact.ts';
import type { CliIo } from './cli-io.ts';
import type { CommandApp } from './command-app.ts';
import { reportError } from './error-report.ts';
import type { Handler, Invocation } from './invocation.ts';
import { createMessages, type Messages } from './messages.ts';
import { OrgNames } from './org-names.ts';
import { createOutputStream, type OutputStream } from './output-stream.ts';
import { parseArguments } from './parse-arguments.ts';
import { printableValue } from './printable-value.ts';
import { ResultOutput } from './result-output.ts';
import { listenForStop, type StopSignals } from './stop-signals.ts';
import { describeTerminal, type Terminal } from './terminal.ts';

const secretVariables = [
  'PARAHACK_SYNC_ACCESS_TOKEN',
  'PARAHACK_SYNC_CLIENT_SECRET',
  'PARAHACK_SYNC_CREDENTIAL_KEY',
];

/** argv without node and script → exit code. Everything that a command says goes through `io`. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const parsed = parseArguments(argv);
  const { flags } = parsed;
  const output = readOutputConfig(flags);
  const secrets = secretVariables.map((name) => io.env[name]);
  const redact = createRedact(secrets);
  const terminal = describeTerminal(io, { ...output, color: flags.color ?? true });
  using stderr = createOutputStream(io.stderr, { ink: terminal.ink });
  const orgNames = new OrgNames(io.now, parsed.kind === 'run' ? parsed.typed : null);
  const messages = createMessages({ output, stream: stderr, style: terminal.style, redact, orgNames });
  using stop = listenForStop(io, {
    onFirst: (signal) =>
      messages.say(`Stopping on ${signal}: what was done is kept. A second signal ends the process at once.`),
    budgetMs: () => stopBudgetOf(flags, io.env),
  });
  using stdout = createOutputStream(io.stdout, { ink: terminal.ink, onClosed: () => stop.stop() });
  for (const stream of [stdout, stderr]) stream.heed(stop.signal);
  const results = new ResultOutput({
    flags,
    stdout,
    messages,
    pretty: terminal.columns !== null,
    report: (error) =>
      reportError(error, { redact, verbose: output.verbosity > 0, stoppedBy: stop.stoppedBy, orgNames }),
    // Nobody reads its output any more (`| head`), be it thrown or told of a part of the work.
    isUnread: (error) =>
      (isAbort(error) || isAppError(error, 'INTERRUPTED')) && stdout.closed && stop.stoppedBy === null,
  });
  try {
    if (parsed.kind === 'wrong') throw parsed.error;
    if (parsed.kind === 'text') await stdout.write(parsed.text);
    else {
      const parts = { io, flags, terminal, messages, stop, stdout, orgNames, secrets, redact, results };
      await perform(parsed.handler, parts);
    }
  } catch (error) {
    await results.fail(error);
  }
  await messages.flush();
  if (stdout.givenUp || stderr.givenUp) io.exit(results.exitCode);
  return results.exitCode;
}

/** A command that was given none that can be read has ended over it already. */
function stopBudgetOf(flags: GlobalFlags, env: CliIo['env']): number {
  try {
    return readStopBudget(flags.stopTimeout, env);
  } catch {
    return defaultStopBudgetMs;
  }
}

interface CommandParts {
  io: CliIo;
  flags: GlobalFlags;
  terminal: Terminal;
  messages: Messages;
  stop: StopSignals;
  stdout: OutputStream;
  orgNames: OrgNames;
  /** What the redaction hides; grows by what a command reads. */
  secrets: (string | undefined)[];
  redact: Redact;
  results: ResultOutput;
}

/**
 * Runs one handler. The app is made when the handler first asks for it, and disposed when what it ended with, which may
 * still be read from it, has been shown.
 */
async function perform(handler: Handler, parts: CommandParts): Promise<void> {
  const { messages, stop, orgNames, results } = parts;
  let opened: Promise<App> | null = null;
  // Lines about events are awaited by nobody: where one cannot be written, the work ends and says why.
  let unwritten: unknown = null;
  const onUnwritten = (error: unknown) => {
    // Given up, because the command was ended and nobody reads.
    if (isAbort(error)) return;
    unwritten ??= error;
    stop.stop();
  };
  let lastWrite: Promise<unknown> = Promise.resolve();
  const noticed: Noticed = (written) => {
    lastWrite = written.catch(onUnwritten);
    return written;
  };
  const app: Invocation['app'] = async ({ exactEvents = parts.flags.json ?? false, inlineWrites } = {}) => {
    opened ??= openApp(parts, inlineWrites);
    return bound(await opened, { ...parts, exactEvents }) as CommandApp;
  };
  await withFinally(
    async () => {
      try {
        const outcome = await handler(invocationOf(parts, app, noticed));
        await lastWrite;
        messages.setPainter(null);
        if (unwritten !== null) throw unwritten;
        await orgNames.refresh();
        if (await results.present(outcome)) {
          outcome.shown?.();
          stop.settle(results.exitCode);
        }
      } catch (error) {
        throw unwritten ?? error;
      } finally {
        messages.setPainter(null);
      }
    },
    () => dispose(opened, orgNames),
  );
}

/** Has the command end where what is written fails, whoever waits for it. */
type Noticed = <T>(written: Promise<T>) => Promise<T>;

function invocationOf(
  { io, flags, terminal, messages, stop, stdout, orgNames, secrets, redact }: CommandParts,
  app: Invocation['app'],
  noticed: Noticed,
): Invocation {
  return {
    io,
    output: readOutputConfig(flags),
    terminal,
    messages,
    signal: stop.signal,
    interrupt: () => stop.interrupt(),
    config: () => configOf(io, flags),
    app,
    orgNames,
    print: (text) => noticed(stdout.write(text)),
    printData: (text) => noticed(stdout.writeData(text)),
    printLine: (value) => noticed(stdout.write(`${printableJson(value)}\n`)),
    jsonLog: async () => {
      const { createJsonLog } = await import('./json-log.ts');
      const write = (line: string) => noticed(stdout.write(line).then(() => !stdout.closed));
      return createJsonLog({ now: io.now, redact, write });
    },
    hide: (secret) => void secrets.push(secret),
  };
}

function configOf({ env, cwd }: CliIo, flags: GlobalFlags) {
  return readConfig({ flags, env, cwd });
}

async function openApp({ io, flags, messages, orgNames }: CommandParts, inlineWrites = false): Promise<App> {
  const app = await (await io.loadApp())(configOf(io, flags), { log: messages.log, inlineWrites });
  await orgNames.learnFrom(app);
  return app;
}

/**
 * A `CommandApp` of `calls`: each gets the command's signal, and every text of its results and events is made fit for
 * one line of a terminal or a log, with orgs called by their names. So no command has to think of a stop, nor of the line
 * breaks and escape sequences that an org, a user or a contact may have written. What is read later (an export's
 * batches) comes as it is. JSON escapes what text leaves out, so that a program gets each value as it is.
 */
function bound(calls: object, parts: CommandParts & { exactEvents: boolean }): unknown {
  const { stop, flags, orgNames, exactEvents } = parts;
  const printable = (value: unknown) => printableValue(value, orgNames);
  return new Proxy(calls, {
    get(of, name) {
      const own: unknown = Reflect.get(of, name);
      if (typeof own !== 'function') return own !== null && typeof own === 'object' ? bound(own, parts) : own;
      return (...options: unknown[]) => {
        // Options are plain data.
        const tell =
          typeof options.at(-1) === 'function' ? (options.pop() as (event: unknown) => void) : () => {};
        const onEvent = exactEvents ? tell : (event: unknown) => tell(printable(event));
        const result: unknown = own.call(of, ...options, { signal: stop.signal, onEvent });
        if (!(result instanceof Promise)) return result;
        return result.then((value: unknown) => {
          orgNames.workOnThatOf(value);
          return flags.json ? value : printable(value);
        });
      };
    },
  });
}

async function dispose(opened: Promise<App> | null, orgNames: OrgNames): Promise<void> {
  const app = await opened?.catch(() => null);
  if (app) await orgNames.keep();
  await app?.[Symbol.asyncDispose]();
}
