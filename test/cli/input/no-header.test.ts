import { expect, test } from 'vitest';
import { parse } from './parse.ts';

test.each([
  ['Ada,Lovelace,ada@acme.com\nBo,Diddley,bo@acme.com\n'],
  ['Ada;Lovelace;ada@acme.com\n'],
  ['\n\nAda\tLovelace\t1815-12-10\n'],
  ['003000000000001AAA,Ada,Lovelace\n'],
  ['Ada,Lovelace,+43 316 873-0\n'],
])('a CSV without a header is told once, and not as unknown fields: %j', async (text) => {
  await expect(parse(text)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringMatching(/line \d.*header of field names/),
    hint: expect.stringContaining('FirstName,LastName,Email'),
  });
});

test.each([
  ['LastName,Email\nLovelace,ada@acme.com\n'],
  ['2024,LastName\nx,Lovelace\n'],
  ['Donations 2024,Surname\n1,Lovelace\n'],
])('a header is taken for one: %j', async (text) => {
  await expect(parse(text)).resolves.toHaveLength(1);
});

test('a CSV that begins as JSON does is told to have been read as JSON, and how to read it', async () => {
  await expect(parse('[Name],Email\nAda,ada@acme.com\n')).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    hint: expect.stringContaining('--format csv'),
  });
  await expect(parse('[{"LastName":"A"},{]')).rejects.toMatchObject({
    hint: expect.stringContaining('read as JSON'),
  });
});

test('a file with nothing but a byte order mark is empty', async () => {
  await expect(parse('\ufeff')).rejects.toMatchObject({ message: expect.stringContaining('is empty') });
});
