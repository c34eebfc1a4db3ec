import { describe, expect, test } from 'vitest';
import { refuseBinary } from '../../../src/cli/input/refuse-binary.ts';
import { fieldsOf, parse } from './parse.ts';

const utf16 = (text: string, order: 'le' | 'be') => {
  const bytes = Buffer.from(text, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
};

describe('text in other encodings', () => {
  const rows = `LastName;Email\r\nNguyễn;ng@x\r\n李😀;li@x\r\n${'x;y\r\n'.repeat(2_000)}`;
  test.each([
    ['UTF-8', Buffer.from(rows)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${rows}`)],
    ['UTF-16LE with a byte order mark', utf16(`\ufeff${rows}`, 'le')],
    ['UTF-16BE with a byte order mark', utf16(`\ufeff${rows}`, 'be')],
    ['UTF-16LE without one', utf16(rows, 'le')],
    ['UTF-16BE without one', utf16(rows, 'be')],
  ])('%s', async (_, bytes) => {
    for (const chunkBytes of [undefined, 7, 8, 1_001]) {
      const fields = await fieldsOf(bytes, chunkBytes === undefined ? {} : { chunkBytes });
      expect(fields.slice(0, 2)).toEqual([
        { LastName: 'Nguyễn', Email: 'ng@x' },
        { LastName: '李😀', Email: 'li@x' },
      ]);
      expect(fields).toHaveLength(2_002);
    }
  });

  test.each(['le', 'be'] as const)(
    'UTF-16%s without a mark: short, JSON, and names that are hardly ASCII',
    async (order) => {
      expect(await fieldsOf(utf16('a\n1', order))).toEqual([{ a: '1' }]);
      expect(await fieldsOf(utf16('[{"a":"一二　三"}]', order))).toEqual([{ a: '一二　三' }]);
      expect(await fieldsOf(utf16('姓,名,一\r\n王,小,一二三四五六七八九十一一一一一一\r\n', order))).toEqual([
        { 姓: '王', 名: '小', 一: '一二三四五六七八九十一一一一一一' },
      ]);
    },
  );

  test('a byte order mark within the text is a character', async () => {
    const text = `a\n${'x\n'.repeat(500)}\ufeffy\n`;
    for (const chunkBytes of [1_005, 1_002]) {
      expect((await fieldsOf(text, { chunkBytes })).at(-1)).toEqual({ a: '\ufeffy' });
    }
  });
});

const gzip = Buffer.from([0x1f, 0x8b, 8, 0]);

describe('what is no text is told, not guessed', () => {
  test.each([undefined, 1, 10, 600])(
    'Windows-1252 with the line, the byte and the mend (chunks of %s)',
    async (chunkBytes) => {
      const bytes = Buffer.from(`LastName\r\n${'é\r\n'.repeat(300)}Andr\xe9s\r\nx\r\n`);
      const at = bytes.lastIndexOf(Buffer.from('é'));
      const mixed = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xe9]), bytes.subarray(at + 2)]);
      await expect(parse(mixed, chunkBytes === undefined ? {} : { chunkBytes })).rejects.toThrow(
        expect.objectContaining({
          code: 'INVALID_INPUT',
          message:
            '-, line 302: the byte 0xE9 at character 5 is not UTF-8 text; as Windows-1252 it would be "é".',
          hint: expect.stringContaining(
            '`iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW`. Where that ends without an error, push NEW with the same flags.',
          ),
        }),
      );
    },
  );

  test.each([
    [
      'a cut character at the end',
      Buffer.from('a\nn\xc3', 'latin1'),
      '-, line 2: the byte 0xC3 at character 2',
    ],
    ['a NUL byte', Buffer.from('a\n1\nx\0y\n'), '-, line 3: a NUL byte stands at character 2.'],
    [
      'half a character of UTF-16',
      utf16('\ufeffa\nb\ud800c\n', 'le'),
      '-, line 2: here is half of a UTF-16 character',
    ],
    ['an Excel workbook', Buffer.from('PK\x03\x04...'), 'an Excel workbook, or another zip file'],
    [
      'an old Excel workbook',
      Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]),
      'an Excel workbook of the old kind',
    ],
    ['gzip', gzip, 'this is compressed (gzip)'],
  ])('%s', async (_, bytes, message) => {
    await expect(parse(bytes)).rejects.toThrow(message);
  });

  test('its mend is whole, or nothing of it is pushed', async () => {
    await expect(parse(gzip)).rejects.toMatchObject({
      hint: 'Nothing was sent. Unpack it first: `gunzip -c FILE > NEW`. Where that ends without an error, push NEW with the same flags.',
    });
    expect(() => refuseBinary(gzip, "it's $&.gz")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("`gunzip -c 'it'\\''s $&.gz' > NEW`") }),
    );
  });
});
