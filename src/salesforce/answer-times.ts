import type { Logger } from '../base/logger.ts';
import type { WireAnswer } from '../wire/exchange.ts';
import type { Observation, OrgClock } from './org-clock.ts';
import { remoteError } from './remote-error.ts';

/** One answer, as it came in: `sent` and `received` are monotonic ms of its request and of its headers. */
export interface TimedAnswer {
  wire: WireAnswer;
  request: string;
  host: string;
  sent: number;
  received: number;
}

export interface AnswerTime {
  /** The answer's `Date`, ms since 1970; null where there is none or it is not believed. */
  date: number | null;
  /** Why rows of this answer must not be taken: they could not be ordered, or would be ordered by a wrong time. */
  distrust: Error | null;
  /** The org's time when the request was sent, for the order of readings. Asked once, when the answer is whole. */
  readAt: () => number;
}

/** What the answers of an org say of its time: each is held against the org's clock, and a leap is told once. */
export class AnswerTimes {
  readonly #orgClock: OrgClock;
  readonly #log: Logger;
  /** Told once it is known what became of it: several answers about one clock are one thing. */
  #untoldLeap: string | null = null;

  constructor(orgClock: OrgClock, log: Logger) {
    this.#orgClock = orgClock;
    this.#log = log;
  }

  /** Asked just before a request leaves: the org's time then, ms since 1970, where its answers have told it yet. */
  expected(): number | null {
    return this.#orgClock.primed ? this.#orgClock.now() : null;
  }

  /** `expected`: what `expected()` said before the request left. */
  observe(answer: TimedAnswer, expected: number | null): AnswerTime {
    const { sent, received } = answer;
    const told = parseDate(answer.wire.header('date'));
    if (told === null) {
      const distrust = expected === null ? timeless(answer) : null;
      return { date: null, distrust, readAt: () => expected ?? 0 };
    }
    const seen = this.#orgClock.observe(told, sent, received);
    const distrust = this.#judge(answer, told, seen);
    const date = distrust === null ? told : null;
    // What was expected when the request was sent is known to be wrong by now.
    const holds = seen.kind === 'borne-out' ? null : expected;
    const readAt = () => holds ?? (date === null ? 0 : this.#orgClock.firstSentAt(date, sent, received));
    return { date, distrust, readAt };
  }

  /** An error where the answer's time leaps and is not borne out yet. */
  #judge({ wire, request, host }: TimedAnswer, date: number, seen: Observation): Error | null {
    if (seen.kind === 'expected') {
      if (this.#untoldLeap !== null) this.#log.warn(this.#untoldLeap);
      this.#untoldLeap = null;
      return null;
    }
    const days = `${formatLeap(Math.abs(seen.leapMs))} ${seen.leapMs > 0 ? 'ahead of' : 'behind'} what was expected`;
    if (seen.kind === 'borne-out') {
      this.#untoldLeap = null;
      this.#log.warn(
        `the clock of ${host} is ${days}; as its answers agree, it is believed. ` +
          "`parahack-sync doctor` compares it with this machine's: set that one where it is wrong",
      );
      return null;
    }
    const written = new Date(date).toISOString();
    this.#untoldLeap ??= `an answer of ${host} was dated ${written}, ${days}; it was asked for again`;
    this.#log.debug(`an answer of ${host} is dated ${written}, ${days}`);
    return remoteError(
      'SALESFORCE_ERROR',
      `The org ${host} tells a time that leaps: ${written}, ${days}.`,
      { status: wire.status, errorCode: null, retryAfterMs: null, request, clockLeapt: true },
      { hint: 'Nothing was taken from that answer. "parahack-sync doctor" compares the clocks.' },
    );
  }
}

function timeless({ wire, request, host }: TimedAnswer): Error {
  return remoteError(
    'SALESFORCE_ERROR',
    `The org ${host} does not tell its time (header Date).`,
    { status: wire.status, errorCode: null, retryAfterMs: null, request },
    { hint: 'A proxy may strip the header; RFC 9110 section 6.6.1 asks for it.' },
  );
}

/** Later than that no time can be written as four digits of a year. */
const latestDate = Date.UTC(9999, 11, 31);

function parseDate(header: string | null): number | null {
  const ms = Date.parse(header ?? '');
  return Number.isNaN(ms) || ms < 0 || ms > latestDate ? null : ms;
}

function formatLeap(ms: number): string {
  const days = ms / 86_400_000;
  return days >= 2 ? `${Math.round(days)} days` : `${Math.round(ms / 60_000)} minutes`;
}
