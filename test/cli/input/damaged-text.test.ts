import { describe, expect, test } from 'vitest';
import { notesOf, parse } from './parse.ts';

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
