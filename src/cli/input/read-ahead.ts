/**
 * Takes items from `source` before they are asked for, up to `limit` of them, so that it works while its reader waits
 * for something else. Items come in their order, and what ended the source behind them. The disposal ends the source
 * as well; a reading that is under way by then is waited for, so have a signal cut it.
 */
export function readAhead<T>(source: AsyncIterable<T>, limit: number): AsyncIterable<T> & AsyncDisposable {
  const items: T[] = [];
  let ended = false;
  let wake = () => {};
  // The two sides never wait at once: one waits for room, the other for an item.
  const change = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    return promise;
  };
  const read = async () => {
    try {
      for await (const item of source) {
        items.push(item);
        wake();
        while (items.length >= limit && !ended) await change();
        if (ended) return;
      }
    } finally {
      ended = true;
      wake();
    }
  };
  const reading = read();
  // The reader is told, once it has taken what came before.
  reading.catch(() => {});
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (items.length > 0) {
          yield items.shift()!;
          wake();
        }
        if (ended) break;
        await change();
      }
      await reading;
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      wake();
      await reading.catch(() => {});
    },
  };
}
