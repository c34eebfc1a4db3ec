import { abortReasonOf, throwIfAborted } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { createSecretHider } from '../base/hide-secrets.ts';
import type { Logger } from '../base/logger.ts';
import { retry } from '../base/retry.ts';
import type { ReportedUsage } from '../sync/ports/call-ledger.ts';
import { BodyWatch } from '../wire/body-watch.ts';
import type { WireAnswer, WireRequest } from '../wire/exchange.ts';
import type { Wire } from '../wire/open-wire.ts';
import type { BodyPace, Patience } from '../wire/timeouts.ts';
import { answerBounds, isOvergrown, tooLarge } from './answer-bounds.ts';
import { AnswerTimes } from './answer-times.ts';
import {
  type ApiAnswer,
  type ApiRequest,
  type Attempt,
  requestLabel,
  type StreamAnswer,
  type WholeAnswer,
} from './api-call.ts';
import { apiError, isSessionRefused } from './api-error.ts';
import { type ApiGate, parseLimitInfo, restAskedBy, usedUpBy } from './api-gate.ts';
import { parseErrorBody } from './error-body.ts';
import { networkError } from './network-error.ts';
import type { OrgClock } from './org-clock.ts';
import { remoteError } from './remote-error.ts';
import { type FailureStage, isCrowded, repeatAfterMs } from './repeat-policy.ts';
import { requestBytes, requestHeaders } from './request-headers.ts';
import type { TokenSupplier } from './token-supplier.ts';

export interface ApiClientOptions {
  session: TokenSupplier;
  wire: Wire;
  gate: ApiGate;
  clock: Clock;
  orgClock: OrgClock;
  timeouts: Patience;
  pace: BodyPace;
  log: Logger;
  /** Sent as User-Agent and as `client` of Sforce-Call-Options. */
  product: string;
  gzip: boolean;
  random?: () => number;
}

/** Error bodies are read no further: a page for people can be long. */
const maxErrorBytes = 256 * 1024;
/** What is longer holds no text that anybody is told. */
const longestTold = 4 * 1024 * 1024;

/** Every byte to and from an org passes here: tokens, limits, timeouts, repeats, the org's clock, errors. */
export class ApiClient {
  readonly #options: ApiClientOptions;
  readonly #times: AnswerTimes;
  #calls = 0;
  #usage: ReportedUsage | null = null;
  #tokenLength: number | null = null;
  /** Takes what the last request carried out of what its answer says. */
  #hideSecrets: (text: string) => string = (text) => text;
  #hidden: string | null = null;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    this.#times = new AnswerTimes(options.orgClock, options.log);
  }

  get calls(): number {
    return this.#calls;
  }

  get usage(): ReportedUsage | null {
    return this.#usage;
  }

  /** A read, repeated within bounds, its answer whole. */
  read(request: ApiRequest): Promise<WholeAnswer> {
    return this.#repeated(request, (r) => this.once(r));
  }

  /** A read whose body is handed on as it comes: repeated until the headers are in, not after. */
  open(request: ApiRequest): Promise<StreamAnswer> {
    const read = async (wire: WireAnswer) => ({
      blocks: (maxBytes: number) =>
        wire.body.blocks(this.#watch(request, wire, maxBytes), this.#bodyFailure(request)),
      drop: () => wire.body.drop(),
    });
    return this.#repeated(request, (r) => this.#attempt(r, read, true));
  }

  /** Sent once (and after a 401 once more with a new token). Never throws. */
  once(request: ApiRequest): Promise<Attempt<WholeAnswer>> {
    const { clock } = this.#options;
    const { bounds = answerBounds.small } = request;
    return this.#attempt(
      request,
      async (wire, sent) => {
        const body = await wire.body.whole(this.#watch(request, wire, bounds.bytes));
        if (isOvergrown(body, bounds)) {
          throw tooLarge(requestLabel(request), this.#host(), wire.status, null);
        }
        const text = body.toString('utf8');
        const told = body.length > longestTold ? text : this.#hideSecrets(text);
        return { text: told, durationMs: clock.monotonicMs() - sent };
      },
      false,
    );
  }

  #watch(request: ApiRequest, wire: WireAnswer, maxBytes: number): BodyWatch {
    const { clock, pace } = this.#options;
    const label = requestLabel(request);
    return new BodyWatch({
      maxBytes,
      pace,
      monotonicMs: () => clock.monotonicMs(),
      tooLarge: () => tooLarge(label, this.#host(), wire.status, maxBytes),
      tooSlow: () => tooSlow(label, this.#host()),
    });
  }

  /** What a body that breaks off while it is read comes to. */
  #bodyFailure(request: ApiRequest): (thrown: unknown) => Error {
    const { signal } = request;
    return (thrown) => (signal?.aborted ? abortReasonOf(signal) : this.#failure(thrown, request).error);
  }

  /** Bytes of a GET with its headers. Before a token was seen, a long one is assumed. */
  requestBytes(path: string, headers: Record<string, string> = {}): number {
    const token = 'x'.repeat(this.#tokenLength ?? 2_048);
    return requestBytes(this.#host(), path, requestHeaders(this.#options, token, headers, undefined));
  }

  #repeated<A extends ApiAnswer>(
    request: ApiRequest,
    attempt: (request: ApiRequest) => Promise<Attempt<A>>,
  ): Promise<A> {
    const { clock, log, random } = this.#options;
    let stage: FailureStage = 'unsent';
    const once = async () => {
      const result = await attempt(request);
      if (result.ok) return result.answer;
      ({ stage } = result);
      throw result.error;
    };
    return retry(once, {
      clock,
      signal: request.signal,
      waitMs: (error, repeats) => {
        if (request.whenCrowded === 'throw' && isCrowded(error)) return null;
        const waitMs = repeatAfterMs(error, stage, repeats, random);
        const told = { request: requestLabel(request), repeat: repeats + 1, waitMs, why: messageOf(error) };
        if (waitMs !== null) log.debug('The request is repeated.', told);
        return waitMs;
      },
    });
  }

  /** One request; after a 401 the token is renewed and the request sent once more. */
  async #attempt<T>(
    request: ApiRequest,
    read: (wire: WireAnswer, sent: number) => Promise<T>,
    stream: boolean,
  ): Promise<Attempt<ApiAnswer & T>> {
    const { session } = this.#options;
    const { signal } = request;
    try {
      let token = await session.accessToken({ signal });
      for (let renewed = false; ; renewed = true) {
        const result = await this.#send(request, token, read, stream);
        if (result.ok || !result.sessionRefused || renewed) return result;
        token = await session.renew(token, { signal });
      }
    } catch (error) {
      // The session or the gate said no: either nothing was sent, or it was refused for its token.
      return { ok: false, error: error as Error, stage: 'unsent' };
    }
  }

  async #send<T>(
    request: ApiRequest,
    token: string,
    read: (wire: WireAnswer, sent: number) => Promise<T>,
    stream: boolean,
  ): Promise<Attempt<ApiAnswer & T> & { sessionRefused?: boolean }> {
    const { clock, gate, timeouts, log } = this.#options;
    const { signal } = request;
    await gate.before(request.kind, { signal });
    let usage: ReportedUsage | null = null;
    let status: number | null = null;
    let left = false;
    let isUnsent = false;
    let asked: ReturnType<typeof restAskedBy> = null;
    const sent = clock.monotonicMs();
    try {
      await request.confirm?.();
      throwIfAborted(signal);
      left = true;
      this.#calls++;
      this.#tokenLength = token.length;
      this.#learnSecret(token);
      const expected = this.#times.expected();
      const wire = await this.#options.wire.exchange(this.#wireRequest(request, token), timeouts, signal);
      const received = clock.monotonicMs();
      status = wire.status;
      usage = parseLimitInfo(wire.header('sforce-limit-info'), clock.now());
      if (usage !== null) this.#usage = usage;
      const answer = { wire, request: requestLabel(request), host: this.#host(), sent, received };
      const time = this.#times.observe(answer, expected);
      const html = /text\/html/i.test(wire.header('content-type') ?? '');
      if (wire.status >= 300 ? wire.status !== 304 : html) {
        const refusal = await this.#refusal(request, wire);
        usage = usedUpBy(refusal.error, usage ?? this.#usage, clock.now()) ?? usage;
        asked = restAskedBy(refusal.error, request.kind);
        return refusal;
      }
      // A write is never asked again for the time of its answer; it moves no cursor.
      if (time.distrust !== null && request.kind === 'pull') {
        wire.body.drop();
        throw time.distrust;
      }
      if (stream) wire.stream();
      const body = await read(wire, sent);
      const { header } = wire;
      return { ok: true, answer: { status, header, date: time.date, readAt: time.readAt(), ...body } };
    } catch (thrown) {
      // Asked of the signal, not of what was thrown: undici calls a refused tunnel an AbortError too.
      if (signal?.aborted)
        return { ok: false, error: abortReasonOf(signal), stage: left ? 'lost' : 'unsent' };
      if (!left) return { ok: false, error: thrown as Error, stage: 'unsent' };
      const { error, unsent } = this.#failure(thrown, request);
      isUnsent = unsent;
      if (unsent) this.#calls--;
      return { ok: false, error, stage: unsent ? 'unsent' : 'lost' };
    } finally {
      gate.after(usage, { unsent: isUnsent || !left, asked });
      const ms = Math.round(clock.monotonicMs() - sent);
      log.debug('Salesforce was asked.', { request: requestLabel(request), status, ms });
    }
  }

  async #refusal(
    request: ApiRequest,
    wire: WireAnswer,
  ): Promise<Extract<Attempt<never>, { ok: false }> & { sessionRefused: boolean }> {
    const body = this.#hideSecrets((await wire.body.start(maxErrorBytes)).toString('utf8'));
    const { status, header } = wire;
    const contentType = header('content-type');
    const [host, origin] = [this.#host(), this.#origin()];
    const error = apiError({
      status,
      header,
      body,
      now: this.#options.clock.now(),
      request: requestLabel(request),
      host,
      origin,
    });
    return {
      ok: false,
      error,
      // A page for people with status 200 says nothing about what became of a write.
      stage: status < 300 ? 'lost' : 'refused',
      refusal: { contentType, body },
      sessionRefused: isSessionRefused(status, parseErrorBody(contentType, body)),
    };
  }

  #wireRequest(request: ApiRequest, token: string): WireRequest {
    return {
      method: request.method,
      origin: this.#origin(),
      path: request.path,
      headers: requestHeaders(this.#options, token, request.headers, request.body),
      body: request.body,
    };
  }

  /** Also of its part behind the org's id alone. A token before it may still be echoed, by an answer under way. */
  #learnSecret(token: string): void {
    if (this.#hidden === token) return;
    const before = this.#hidden;
    this.#hidden = token;
    this.#hideSecrets = createSecretHider([token, before].flatMap((t) => [t, t?.split('!', 2)[1]]));
  }

  #failure(thrown: unknown, request: ApiRequest) {
    return networkError(thrown, requestLabel(request), this.#host());
  }

  #origin(): string {
    const { session } = this.#options;
    return new URL(session.apiUrl ?? session.instanceUrl).origin;
  }

  #host(): string {
    return new URL(this.#origin()).host;
  }
}

function tooSlow(request: string, host: string): Error {
  return remoteError(
    'TIMEOUT',
    `The answer of ${host} to ${request} came too slowly to ever end.`,
    { status: null, errorCode: null, retryAfterMs: null, request },
    { hint: 'Try again; nothing is lost. If it stays, look at the network or the proxy in between.' },
  );
}
