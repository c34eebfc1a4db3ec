/** An answer that was not there as a whole (or, where it is streamed, with its headers) in time. */
export class AnswerTimeout extends Error {
  readonly answerMs: number;

  constructor(answerMs: number) {
    super(`The answer took longer than ${answerMs} ms.`);
    this.name = 'AnswerTimeout';
    this.answerMs = answerMs;
  }
}
