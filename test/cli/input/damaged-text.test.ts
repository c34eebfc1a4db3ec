import { describe, expect, test } from 'vitest';
import { notesOf, parse } from './parse.ts';

describe('UTF-8 that was read as Windows-1252', () => {
  test.each([undefined, 1, 5])('is told with its first place and the mend (chunks of %s)', async (size) => {
    const chunks = size === undefined ? {} : { chunkBytes: size };
    const notes = await notesOf('FirstName,LastName\nBo,Plain\nJÃ¼rgen,MÃ¼ller\nRenÃ©,Dupont\n', chunks);
    expect(notes).toEqual([
      '-: 3 texts were UTF-8 and read as Windows-1252, first at line 3, FirstName: "JÃ¼rgen" was "Jürgen". They would be stored as they stand; this mends the file: `iconv -f UTF-8 -t WINDOWS-1252 | parahack-sync push -`',
    ]);
  });

  test('in JSON too', async () => {
    const [note] = await notesOf('[{"LastName":"Oâ€™Neil"}]');
    expect(note).toContain('LastName: "Oâ€™Neil" was "O’Neil"');
  });

  test('is not seen in what people are called and write', async () => {
    const right = [
      'João SÃO PAULO AMANHÃ',
      'Âncora, CÂMARA, Â',
      'PÂ“quoted”',
      '«AMANHû and “AMANHÔ',
      'Ãœ'.normalize('NFD'),
      'Ä“ Ö» Ü« ß€',
      'Nguyễn Ðình, Ñandú, Åse',
      '3 € – 5 €, £5, ©, ½',
      '李小龍 Иван עברית',
    ];
    const rows = right.map((text) => `"${text.replaceAll('"', '""')}",x\n`).join('');
    const names = await notesOf(`LastName,Title\n${rows}`);
    expect(names.filter((note) => note.includes('Windows-1252'))).toEqual([]);
  });
});

describe('the line under a table', () => {
  test.each([
    'LastName\nAda\nBo\nCy\nTotal: 3\n',
    'LastName\nAda\n(1 row)\n',
    'LastName,Email\nAda,a@x\nBo,b@x\n2 rows selected.,\n',
    'LastName\nAda\nGrand Totals (1 record)\n',
    'LastName\nAda\nAnzahl: 1\n',
  ])('is no contact where it counts what stands above it: %j', async (text) => {
    await expect(parse(text)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/^-, line \d \(record \d\): ".*" counts the records above it/),
    });
  });

  test.each([
    ['LastName\nAda\nTotal\n', 'on line 3'],
    ['LastName\nAda\nTotal: 12\n', '"Total: 12"'],
    ['LastName\nAda\nConfidential Information - Do Not Distribute\n', 'no contact'],
  ])('is told where it may be one: %j', async (text, said) => {
    expect(await notesOf(text)).toEqual([expect.stringContaining(said)]);
  });

  test.each([
    'LastName\nAda\nSum\n',
    'LastName\nAda\nRow\n',
    'LastName\nTotal: 0\nAda\n',
    'LastName,Email\nAda,a@x\nTotal,total@x\n',
    'LastName\nAda\nTotalsky 1\n',
    'Phone\n12345\n1\n',
  ])('is not seen in a name: %j', async (text) => {
    expect(await notesOf(text)).toEqual([]);
  });
});
