import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { describeOf, storedNames } from './contact-fields.ts';
import { type Blocks, blocksOf, contactRow, csvOf, csvPage, epoch, type Row } from './pages.ts';
import { openTempMirror, type TempMirrors } from './temp-mirrors.ts';

async function described(): Promise<TempMirrors> {
  const temp = await openTempMirror();
  await temp.mirror.schema.applyDescribe(describeOf(), epoch);
  return temp;
}

function manyRows(from: number, count: number): Row[] {
  return Array.from({ length: count }, (_, i) => contactRow(from + i, { LastName: 'x'.repeat(900) }));
}

/** A stream whose next block is asked for by hand, and which tells when it was left. */
function gatedStream(text: string, size: number) {
  const bytes = new TextEncoder().encode(text);
  const state = { given: 0, left: false };
  let open = () => {};
  let gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  async function* blocks(): Blocks {
    try {
      for (let at = 0; at < bytes.length; at += size) {
        if (at > 0) await gate;
        state.given++;
        yield new Uint8Array(bytes.slice(at, at + size));
      }
    } finally {
      state.left = true;
    }
  }
  return {
    state,
    blocks: blocks(),
    open: () => {
      open();
      gate = Promise.resolve();
    },
  };
}

function spools(temp: TempMirrors): string[] {
  return readdirSync(join(temp.folder, '.spool'));
}

describe('a page that stands still', () => {
  test('holds up neither other pages nor other writes, and no transaction is open for it', async () => {
    await using temp = await described();
    const rows = manyRows(1, 50);
    const slow = gatedStream(csvOf(storedNames, rows), 10_000);
    const waiting = temp.mirror.commit({ page: csvPage(storedNames, rows, epoch, { blocks: slow.blocks }) });
    for (let i = 0; i < 20; i++) {
      const more = manyRows(1_000 * (i + 1), 50);
      await temp.mirror.commit({
        page: csvPage(storedNames, more, epoch),
        effects: [{ kind: 'move-cursors', to: { updated: epoch + i } }],
      });
    }
    await temp.mirror.outbox.counts();
    expect(temp.sql('SELECT count(*) n FROM contact')).toEqual([{ n: 1_000 }]);
    slow.open();
    expect((await waiting).page?.inserted).toBe(50);
    expect(spools(temp)).toEqual([]);
  });

  test('leaves nothing behind where its mirror is closed, whatever comes of it then', async () => {
    await using temp = await described();
    const rows = manyRows(1, 50);
    const slow = gatedStream(csvOf(storedNames, rows), 10_000);
    const page = csvPage(storedNames, rows, epoch, { blocks: slow.blocks });
    const failure = temp.mirror.commit({ page }).catch((error: unknown) => error);
    while (slow.state.given === 0 || spools(temp).length === 0) await setImmediate();
    await temp.mirror[Symbol.asyncDispose]();
    expect(spools(temp)).toEqual([]);
    slow.open();
    expect(await failure).toMatchObject({ code: 'MIRROR_FAILED' });
    expect(temp.sql('SELECT count(*) n FROM contact')).toEqual([{ n: 0 }]);
  });

  test('an abort ends it at once, stores nothing, leaves its stream and cleans up', async () => {
    await using temp = await described();
    const rows = manyRows(1, 50);
    const slow = gatedStream(csvOf(storedNames, rows), 10_000);
    const controller = new AbortController();
    const waiting = temp.mirror.commit(
      {
        page: csvPage(storedNames, rows, epoch, { blocks: slow.blocks }),
        effects: [{ kind: 'move-cursors', to: { updated: epoch } }],
      },
      { signal: controller.signal },
    );
    while (slow.state.given < 1) await setImmediate();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    slow.open();
    while (!slow.state.left) await setImmediate();
    expect(temp.sql('SELECT count(*) n FROM contact')).toEqual([{ n: 0 }]);
    expect(await temp.mirror.journal.cursors()).toEqual({ updated: null, deleted: null });
    expect(spools(temp)).toEqual([]);
  });
});

describe('a stream that fails', () => {
  test('passes its own error on and stores nothing of its page', async () => {
    await using temp = await described();
    const rows = manyRows(1, 50);
    const text = csvOf(storedNames, rows);
    async function* cut(): Blocks {
      yield new Uint8Array(new TextEncoder().encode(text.slice(0, 20_000)));
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    }
    const failing = temp.mirror.commit({ page: csvPage(storedNames, rows, epoch, { blocks: cut() }) });
    await expect(failing).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(temp.sql('SELECT count(*) n FROM contact')).toEqual([{ n: 0 }]);
    expect(spools(temp)).toEqual([]);
  });

  test('is left where its first block is wrong and no second one ever comes', async () => {
    await using temp = await described();
    async function* stalled(): Blocks {
      yield new Uint8Array(new TextEncoder().encode('"no","such","columns"\n'));
      await new Promise(() => {});
    }
    const failing = temp.mirror.commit({ page: csvPage(storedNames, [], epoch, { blocks: stalled() }) });
    await expect(failing).rejects.toMatchObject({ code: 'UNEXPECTED_COLUMN' });
  });

  test('is left early where its first blocks are already wrong', async () => {
    await using temp = await described();
    let given = 0;
    let left = false;
    async function* endless(): Blocks {
      try {
        for (;;) {
          given++;
          yield new Uint8Array(new TextEncoder().encode('"no","such","columns"\n'.repeat(2_000)));
        }
      } finally {
        left = true;
      }
    }
    const failing = temp.mirror.commit({ page: csvPage(storedNames, [], epoch, { blocks: endless() }) });
    await expect(failing).rejects.toMatchObject({ code: 'UNEXPECTED_COLUMN' });
    while (!left) await setImmediate();
    expect(given).toBeLessThan(1_000);
  });
});

test('forty pages side by side are all stored', async () => {
  await using temp = await described();
  const pages = 40;
  const rowsPerPage = 1_500;
  const outcomes = await Promise.all(
    Array.from({ length: pages }, (_, page) => {
      const rows = manyRows(1 + page * rowsPerPage, rowsPerPage);
      const blocks = blocksOf(csvOf(storedNames, rows), 100_000);
      return temp.mirror.commit({ page: csvPage(storedNames, rows, epoch, { blocks }) });
    }),
  );
  expect(outcomes.reduce((sum, { page }) => sum + (page?.inserted ?? 0), 0)).toBe(pages * rowsPerPage);
  expect(temp.sql('SELECT count(*) n FROM contact')).toEqual([{ n: pages * rowsPerPage }]);
  expect(spools(temp)).toEqual([]);
});
