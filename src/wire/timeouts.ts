/** How long a call may wait at each stage. */
export interface Timeouts {
  /** TCP and TLS, a proxy's tunnel included. */
  connectMs: number;
  /** From the request's end to the answer's headers. */
  headersMs: number;
  /** Between two pieces of a body; does not run while our own side is the slow one. */
  idleBodyMs: number;
  /** From sending to the end of an answer that is read whole, or to the headers of one that is streamed. */
  answerMs: number;
}

/** The part of it that one call may set for itself; a connection may be another call's already. */
export type Patience = Omit<Timeouts, 'connectMs'>;

export const defaultTimeouts: Timeouts = {
  connectMs: 10_000,
  // Salesforce ends a query after 120 seconds by itself (QUERY_TIMEOUT); its own word is worth waiting for.
  headersMs: 150_000,
  idleBodyMs: 60_000,
  answerMs: 300_000,
};

/**
 * A body that drips never ends by silence. Past `graceMs` of waiting for it, it must have brought at least
 * `leastBytesPerSecond` (unpacked) of the time waited.
 */
export interface BodyPace {
  graceMs: number;
  leastBytesPerSecond: number;
}

/** A dozen answers side by side over a line of 256 kbit/s still bring more each. */
export const defaultPace: BodyPace = { graceMs: 60_000, leastBytesPerSecond: 2_048 };
