/**
 * A connection that never stood, whatever ended it: a handshake that was cut looks like a cut within an answer
 * otherwise, and would leave a write in doubt that never left this machine.
 */
export class ConnectError extends Error {
  readonly code: string | undefined;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'ConnectError';
    this.code = (cause as NodeJS.ErrnoException).code;
  }
}
