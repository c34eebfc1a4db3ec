import { isAbort } from '../base/abort.ts';
import { printableJson } from '../base/printable-json.ts';
import type { GlobalFlags } from '../config/global-flags.ts';
import { readOutputConfig } from '../config/output-config.ts';
import { defaultStopBudgetMs, readStopBudget } from '../config/stop-budget.ts';
import type { ErrorInfo } from '../contract/error-info.ts';
import { createRedact } from '../contract/redact.ts';
import type { CliIo } from './cli-io.ts';
import { type ErrorReport, reportError } from './error-report.ts';
import { exitCodes } from './exit-codes.ts';
import type { Outcome } from './invocation.ts';
import { createMessages, type Messages } from './messages.ts';
import { OrgNames } from './org-names.ts';
import { createOutputStream, type OutputStream } from './output-stream.ts';
import { parseArguments } from './parse-arguments.ts';
import { performCommand } from './perform-command.ts';
import { listenForStop } from './stop-signals.ts';
import { describeTerminal } from './terminal.ts';

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
  const orgNames = new OrgNames(io.now);
  const messages = createMessages({ output, stream: stderr, style: terminal.style, redact, orgNames });
  using stop = listenForStop(io, {
    onFirst: (signal) =>
      messages.say(`Stopping on ${signal}: what was done is kept. A second signal ends the process at once.`),
    budgetMs: () => stopBudgetOf(flags, io.env),
  });
  using stdout = createOutputStream(io.stdout, { ink: terminal.ink, onClosed: () => stop.stop() });
  for (const stream of [stdout, stderr]) stream.heed(stop.signal);
  const report = (error: unknown) =>
    reportError(error, { redact, verbose: output.verbosity > 0, stoppedBy: stop.stoppedBy });

  let exitCode: number = exitCodes.done;
  /** Whether stdout has a document of its own, and no place for a second. */
  let document: 'none' | 'begun' | 'shown' = 'none';
  /** Work that ended because nobody reads its output any more (`| head`) has not failed. */
  const isUnread = (error: unknown) => isAbort(error) && stdout.closed && stop.stoppedBy === null;
  const present = async (outcome: Outcome): Promise<boolean> => {
    const failure = outcome.failure ? report(outcome.failure) : null;
    let late: ErrorReport | null = null;
    await show(outcome, failure, {
      flags,
      stdout,
      pretty: terminal.columns !== null,
      onBegin: () => {
        document = 'begun';
      },
      infoOf: (thrown) => {
        const told = report(thrown);
        if (!isUnread(thrown)) late = told;
        return told.info;
      },
    });
    if (outcome.document !== undefined || outcome.documentParts !== undefined) document = 'shown';
    const told = failure ?? late;
    if (told === null) return true;
    await tell(told, { flags, messages, stdout, document });
    exitCode = told.exitCode;
    return late === null;
  };
  try {
    if (parsed.kind === 'wrong') throw parsed.error;
    if (parsed.kind === 'text') await stdout.write(parsed.text);
    else {
      await performCommand(parsed.handler, {
        io,
        flags,
        terminal,
        messages,
        stop,
        stdout,
        orgNames,
        secrets,
        present,
      });
    }
  } catch (error) {
    if (!isUnread(error)) {
      const failure = report(error);
      await tell(failure, { flags, messages, stdout, document });
      // Something went wrong with the app behind a result that stands; a result's own failure says more.
      if (exitCode === exitCodes.done) exitCode = failure.exitCode;
    }
  }
  await messages.flush();
  if (stdout.givenUp || stderr.givenUp) io.exit(exitCode);
  return exitCode;
}

/** A command that was given none that can be read has ended over it already. */
function stopBudgetOf(flags: GlobalFlags, env: CliIo['env']): number {
  try {
    return readStopBudget(flags.stopTimeout, env);
  } catch {
    return defaultStopBudgetMs;
  }
}

async function show(
  outcome: Outcome,
  failure: ErrorReport | null,
  {
    flags,
    stdout,
    pretty,
    onBegin,
    infoOf,
  }: {
    flags: GlobalFlags;
    stdout: OutputStream;
    pretty: boolean;
    onBegin: () => void;
    infoOf: (thrown: unknown) => ErrorInfo;
  },
): Promise<void> {
  if (flags.json && outcome.documentParts !== undefined) {
    for await (const part of outcome.documentParts(failure?.info ?? null, infoOf)) {
      onBegin();
      // JSON has escaped what a terminal would act upon.
      await stdout.writeData(part);
    }
  } else if (flags.json && outcome.document !== undefined) {
    const document = failure === null ? outcome.document : { ...outcome.document, error: failure.info };
    await stdout.write(`${printableJson(document, pretty && !outcome.asLine ? 2 : undefined)}\n`);
  } else if (!flags.json && outcome.textParts !== undefined) {
    for await (const part of outcome.textParts()) await stdout.write(part);
  } else if (!flags.json && outcome.text !== undefined) {
    const text = outcome.text();
    if (text !== '') await stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }
}

/** The error on stderr, or with `--json` on stdout, unless a document that is `shown` there carries it already. */
async function tell(
  report: ErrorReport,
  {
    flags,
    messages,
    stdout,
    document,
  }: { flags: GlobalFlags; messages: Messages; stdout: OutputStream; document: 'none' | 'begun' | 'shown' },
): Promise<void> {
  let isTold = flags.json === true && document !== 'begun';
  if (isTold && document === 'none') {
    try {
      await stdout.write(`${printableJson({ error: report.info })}\n`);
    } catch (error) {
      if (isAbort(error)) throw error;
      // What has failed may be this very output: a full disk for one.
      isTold = false;
    }
  }
  if (!isTold || flags.verbose) messages.fail(report.lines);
}
