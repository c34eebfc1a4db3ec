import { type Lane, type Laned, Lanes } from './lanes.ts';

export interface Page<T> {
  pieces: readonly T[];
  /** Told when the work on all of them has ended. */
  onEnd(): void;
}

/** Others are not asked for while some piece of so many pages has not ended: what waits in lanes is in memory. */
const mostPages = 3;

/**
 * Does `work` for each piece of each page, at most `width()` at once, in their order as far as they share a lock. The next
 * page is asked for as soon as there is room for more than can begin. A piece takes its place until its work has ended or
 * has called `release`: what is left to do then goes on beside the next one, and its locks stay. Begins no more once
 * `isOver()` or something has thrown; returns when all that was begun has ended, and throws what was thrown first.
 */
export async function sideBySide<T extends Laned>(
  pages: AsyncIterable<Page<T>>,
  work: (piece: T, release: () => void) => Promise<void>,
  { width, isOver }: { width: () => number; isOver: () => boolean },
): Promise<void> {
  const source = pages[Symbol.asyncIterator]();
  const lanes = new Lanes<T>();
  /** Places that are taken, pieces that have not ended, pages of which some have not. */
  const open = { places: 0, pieces: 0, pages: 0 };
  const asked = { isUnderWay: false, isAll: false };
  let failure: { error: unknown } | null = null;
  let wake = () => {};
  const fail = (error: unknown) => {
    failure ??= { error };
  };

  const begin = (lane: Lane<T>) => {
    let hasPlace = true;
    const release = () => {
      if (hasPlace) open.places--;
      hasPlace = false;
      wake();
    };
    open.places++;
    open.pieces++;
    void work(lane.piece, release)
      .then(() => lanes.end(lane))
      .catch(fail)
      .finally(() => {
        open.pieces--;
        release();
      });
  };
  const take = ({ pieces, onEnd }: Page<T>) => {
    open.pages++;
    lanes.add(pieces, () => {
      open.pages--;
      onEnd();
    });
  };
  const ask = () => {
    asked.isUnderWay = true;
    void source
      .next()
      .then(({ done, value }) => {
        if (done === true) asked.isAll = true;
        else take(value);
      })
      .catch(fail)
      .finally(() => {
        asked.isUnderWay = false;
        wake();
      });
  };

  for (;;) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const goesOn = () => failure === null && !isOver();
    while (goesOn() && open.places < width()) {
      const lane = lanes.take();
      if (lane === undefined) break;
      begin(lane);
    }
    const hasRoom = lanes.ready < width() && open.pages < mostPages;
    if (goesOn() && hasRoom && !asked.isUnderWay && !asked.isAll) ask();
    if (open.pieces === 0 && !asked.isUnderWay) break;
    await woken;
  }
  await source.return?.();
  if (failure !== null) throw (failure as { error: unknown }).error;
}
