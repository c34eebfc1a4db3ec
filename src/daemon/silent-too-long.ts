/** Work was ended before its first answer, because others waited for its place. */
export class SilentTooLong extends Error {
  readonly silentForMs: number;

  constructor(silentForMs: number) {
    super(`No answer in ${silentForMs} ms while others waited.`);
    this.silentForMs = silentForMs;
  }
}
