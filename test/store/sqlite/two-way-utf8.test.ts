import { spawnSync } from 'node:child_process';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { isNoUtf8, isNoUtf8InJson } from '../../../src/store/sqlite/written-value.ts';
import fc from '../../support/properties.ts';
import { haveRealPart } from '../../support/real-part.ts';
import { openTwoWayMirror, type TwoWayMirror } from './two-way-mirror.ts';

/** Whether a text of these bytes must be refused. */
function isForeign(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return bytes.includes(0);
  } catch {
    return true;
  }
}

const encoder = new TextEncoder();
const right = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
  fc.constantFrom('a', '\\', '"', '\\u0000', '\ufffd', '\ufffe', '\uffff', '\ud7ff', '\ue000', '\u{10ffff}'),
);
/** Bytes at which sequences begin, go on and end, and what lies beside them. */
const edges = [
  0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
];
const piece = fc.oneof(
  { weight: 4, arbitrary: right.map((text) => [...encoder.encode(text)]) },
  {
    weight: 2,
    arbitrary: fc.tuple(right, fc.nat(3)).map(([text, cut]) => [...encoder.encode(text)].slice(0, -cut)),
  },
  { weight: 2, arbitrary: fc.array(fc.constantFrom(...edges), { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 4 }) },
);
const bytes = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => Uint8Array.from(pieces.flat()));
/** Many texts a run: each costs a program little, and to start one costs much. */
const texts = (count: number) => fc.array(bytes, { minLength: count, maxLength: count });

const hex = (of: Uint8Array) => Buffer.from(of).toString('hex');
const sqlOf = (of: Uint8Array) => `CAST(x'${hex(of)}' AS TEXT)`;
/** Answers a line a text: itself and whether it is refused, as a text and as JSON. */
const askAll = (all: readonly Uint8Array[]) => `CREATE TEMP TABLE given (n INTEGER PRIMARY KEY, v TEXT);
  BEGIN; ${all.map((one) => `INSERT INTO given (v) VALUES (${sqlOf(one)});`).join('\n')} COMMIT;
  SELECT hex(v) || ' ' || coalesce(${isNoUtf8('v')}, 'null') || coalesce(${isNoUtf8InJson('json_quote(v)')}, 'null')
  FROM given ORDER BY n;`;
const answers = (all: readonly Uint8Array[]) =>
  all.map((one) => `${hex(one).toUpperCase()} ${isForeign(one) ? '11' : '00'}`);

const inPython = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=15, isolation_level=None)
for statement in sys.stdin.read().split(';'):
    try:
        for row in db.execute(statement): print(*row)
    except sqlite3.DatabaseError as error: print(error, file=sys.stderr)`;
const programs: readonly [name: string, program: string, arguments_: string[]][] = [
  ["Debian's shell", '/usr/bin/sqlite3', []],
  ["Python's sqlite3", 'python3', ['-c', inPython]],
];

function run(program: string, arguments_: readonly string[], input: string): string {
  const { stdout, error } = spawnSync(program, arguments_, {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  return stdout;
}

describe('whether a text is UTF-8', () => {
  test('is told as a decoder tells it, of any bytes', () => {
    fc.assert(
      fc.property(texts(200), (all) => {
        using db = new Memory();
        expect(db.answer(askAll(all))).toEqual(answers(all));
      }),
    );
  });

  test('is told at every place of a long text', () => {
    using db = new Memory();
    const lengths = [31, 32, 33, 1_023, 1_024, 1_025, 32_767, 32_768, 32_769, 131_072];
    const long = lengths.flatMap((length) =>
      ['\u00e9', '\u{1f600}'].flatMap((character) => {
        const text = encoder.encode(character.repeat(length));
        return [text, Uint8Array.from([...text, 0xe9]), Uint8Array.from([...text.slice(0, -1), 0x3a])];
      }),
    );
    expect(db.answer(askAll(long))).toEqual(answers(long));
  });

  describe.each(programs)('to %s', (name, program, arguments_) => {
    test.skipIf(!haveRealPart(name, [program]))('is told as a decoder tells it, of any bytes', () => {
      fc.assert(
        fc.property(texts(2_000), (all) => {
          const lines = run(program, [...arguments_, ':memory:'], askAll(all))
            .trim()
            .split('\n');
          expect(lines).toEqual(answers(all));
        }),
        { numRuns: 5 },
      );
    });

    test.skipIf(!haveRealPart(name, [program]))('lets it write what is, and nothing else', async () => {
      await using two = await openTwoWayMirror([]);
      const all = fc.sample(bytes, 400).map((one) => Uint8Array.from([0x41, ...one]));
      // What only a rule of the value, and no conversion, tells apart.
      const short = all.filter((one) => one.length <= 80);
      const insert = (one: Uint8Array, at: number) =>
        `INSERT INTO contacts (_key, LastName) VALUES ('k${at}', ${sqlOf(one)});`;
      run(program, [...arguments_, two.mirror.location], short.map(insert).join('\n'));
      expect(await written(two)).toEqual(
        short.flatMap((one, at) =>
          isForeign(one) ? [] : [[`k${at}`, new TextDecoder('utf-8', { ignoreBOM: true }).decode(one)]],
        ),
      );
    });
  });
});

test.each([
  ['a Latin-1 letter and blank in front of a sign', "CAST(x'436166E9A03A' AS TEXT)"],
  ['a Latin-1 letter behind a NUL', "CAST(x'4100FC' AS TEXT)"],
  ['a NUL', "'A' || char(0)"],
])('a value, a date, a reference and a key are refused: %s', async (_, value) => {
  await using two = await openTwoWayMirror([]);
  const insert = (column: string, sql: string) =>
    two.program.exec(`INSERT INTO contacts (LastName, ${column}) VALUES ('Ng', ${sql})`);
  expect(() => insert('FirstName', value)).toThrow('FirstName holds bytes that are no UTF-8, or a NUL.');
  expect(() => insert('_key', value)).toThrow('_key holds bytes that are no UTF-8, or a NUL.');
  expect(() => insert('Birthdate', `'2026-01-31' || char(0) || ${value}`)).toThrow(/^Birthdate holds bytes/);
  expect(() => insert('AccountId', `'001000000000001AAA' || char(0) || ${value}`)).toThrow(
    /^AccountId holds bytes/,
  );
  expect(await two.asked()).toEqual([]);
});

async function written(two: TwoWayMirror): Promise<unknown[]> {
  return (await two.asked()).map(({ contactKey, changes }) => [contactKey, changes.LastName]);
}

class Memory implements Disposable {
  readonly #db = new Database(':memory:');

  /** The rows of the last statement. */
  answer(statements: string): unknown[] {
    const at = statements.lastIndexOf('SELECT hex');
    this.#db.exec(statements.slice(0, at));
    return this.#db.prepare(statements.slice(at)).pluck().all();
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
