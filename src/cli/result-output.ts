import { isAbort } from '../base/abort.ts';
import { printableJson } from '../base/printable-json.ts';
import type { GlobalFlags } from '../config/global-flags.ts';
import type { ErrorInfo } from '../contract/error-info.ts';
import type { ErrorReport } from './error-report.ts';
import { exitCodes } from './exit-codes.ts';
import type { Outcome } from './invocation.ts';
import type { Messages } from './messages.ts';
import type { OutputStream } from './output-stream.ts';

export interface ResultOutputParts {
  flags: Pick<GlobalFlags, 'json' | 'verbose'>;
  stdout: Pick<OutputStream, 'write' | 'writeData' | 'keep'>;
  messages: Pick<Messages, 'failure' | 'isLogged'>;
  /** Whether stdout is read by people: JSON is indented then. */
  pretty: boolean;
  report: (error: unknown) => ErrorReport;
  /** Whether the work ended for want of a reader, which is no failure. */
  isUnread: (error: unknown) => boolean;
}

/** Shows what a command ended with, be it a result or an error, and knows the exit code that follows. */
export class ResultOutput {
  readonly #parts: ResultOutputParts;
  #exitCode: number = exitCodes.done;
  /** Whether stdout has a document of its own, and no place for a second. */
  #document: 'none' | 'begun' | 'shown' = 'none';

  constructor(parts: ResultOutputParts) {
    this.#parts = parts;
  }

  get exitCode(): number {
    return this.#exitCode;
  }

  /** Whether all of it was shown: parts of it may fail while they are read. */
  async present(outcome: Outcome): Promise<boolean> {
    const { report, isUnread, stdout } = this.#parts;
    const { failure: failed = null } = outcome;
    const failure = failed === null || isUnread(failed) ? null : report(failed);
    let late: ErrorReport | null = null;
    await this.#show(outcome, failure, (thrown) => {
      const told = report(thrown);
      if (!isUnread(thrown)) late = told;
      return told.info;
    });
    // Before anything rests on its being told.
    if (outcome.shown !== undefined) await stdout.keep();
    if (outcome.document !== undefined || outcome.documentParts !== undefined) this.#document = 'shown';
    const told = failure ?? late;
    if (told === null) return true;
    await this.#tell(told);
    this.#exitCode = told.exitCode;
    return late === null;
  }

  /** For what was thrown, be it instead of a result or behind one that stands. */
  async fail(error: unknown): Promise<void> {
    if (this.#parts.isUnread(error)) return;
    const failure = this.#parts.report(error);
    await this.#tell(failure);
    // Something went wrong with the app behind a result that stands; a result's own failure says more.
    if (this.#exitCode === exitCodes.done) this.#exitCode = failure.exitCode;
  }

  async #show(
    outcome: Outcome,
    failure: ErrorReport | null,
    infoOf: (thrown: unknown) => ErrorInfo,
  ): Promise<void> {
    const { flags, stdout, pretty } = this.#parts;
    if (flags.json && outcome.documentParts !== undefined) {
      for await (const part of outcome.documentParts(failure?.info ?? null, infoOf)) {
        this.#document = 'begun';
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

  /**
   * The error on stderr, or with `--json` on stdout, unless a document that is shown there carries it already. Where
   * messages go into a log, its line there is both.
   */
  async #tell(report: ErrorReport): Promise<void> {
    const { flags, messages, stdout } = this.#parts;
    let isTold = flags.json === true && !messages.isLogged && this.#document !== 'begun';
    if (isTold && this.#document === 'none') {
      try {
        await stdout.write(`${printableJson({ error: report.info })}\n`);
      } catch (error) {
        if (isAbort(error)) throw error;
        // What has failed may be this very output: a full disk for one.
        isTold = false;
      }
    }
    if (!isTold || flags.verbose) messages.failure(report);
  }
}
