import { describe, expect, test } from 'vitest';
import { isMisread, misreading } from '../../src/sync/push/values/misread-text.ts';
import { plainField } from '../support/plain-field.ts';

const told = (text: string) => misreading(plainField('FirstName', 'string'), text).message;
const asWindows1252 = (text: string) => new TextDecoder('windows-1252').decode(Buffer.from(text));

describe('UTF-8 that was read as Windows-1252', () => {
  test.each([
    'Jürgen',
    'René',
    'voilà',
    'JÉRÔME',
    'O’Neil',
    'SMÅLAND',
    'Gérard',
    'São',
    'à côté',
    '“x”',
    'Preis: 5 £',
    'ACME®',
  ])('is seen in one word: %s', (text) => {
    expect(isMisread(asWindows1252(text))).toBe(true);
    expect(isMisread(text)).toBe(false);
  });

  test('is told as it stands and as it was, by the word that has it', () => {
    expect(told('Herr JÃ¼rgen MÃ¼ller')).toBe(
      'FirstName is UTF-8 that was read as Windows-1252 before: "JÃ¼rgen" was "Jürgen". Export it anew as UTF-8, or say --allow-damaged.',
    );
    expect(told('Ł-MÃ¼')).toContain('before: "Ł-MÃ¼". Export');
    expect(told(`${'x'.repeat(300)}MÃ¼${'y'.repeat(300)}`)).toContain(`before: "Ã¼${'y'.repeat(58)}" was "ü`);
  });

  test.each([
    'João SÃO PAULO AMANHÃ',
    'Âncora, CÂMARA, Â',
    'PÂ“quoted”',
    '«AMANHû and “AMANHÔ',
    'Ãœ'.normalize('NFD'),
    'Ä“ Ö» Ü« ß€',
    'Nguyễn Ðình, Ñandú, Åse',
    '3 € – 5 €, £5, ©, ½',
    '李小龍 Иван עברית',
    'AMANHÃ… ROMî, IRMÃ² IRMÃ\u00a0MARIA',
  ])('is not seen in what people are called and write: %s', (text) => {
    expect(isMisread(text)).toBe(false);
  });

  test.each([null, 5, true, undefined])('is a text: %s', (value) => {
    expect(isMisread(value)).toBe(false);
  });
});
