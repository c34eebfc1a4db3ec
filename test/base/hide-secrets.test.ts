import { describe, expect, it } from 'vitest';
import { createSecretHider } from '../../src/base/hide-secrets.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';

const token = '00D000000000001!AQ4AQFoo.Bar_baz~qux/quux+corge=x';
const hide = createSecretHider([token]);
const hexOf = (c: string) => c.charCodeAt(0).toString(16).padStart(2, '0');
const unicode = (text: string) =>
  Array.from(text, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join('');

describe('a secret that a foreign text echoes', () => {
  it.each([
    ['as it is', token],
    ['percent-encoded', encodeURIComponent(token)],
    ['percent-encoded in lower case', encodeURIComponent(token).replace(/%../g, (p) => p.toLowerCase())],
    ['percent-encoded everywhere', Array.from(token, (c) => `%${c.charCodeAt(0).toString(16)}`).join('')],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(token)).replaceAll('!', '%2521')],
    ['in a form', new URLSearchParams({ t: token }).toString()],
    ['with slashes escaped', token.replaceAll('/', '\\/')],
    ['in JSON escapes', unicode(token)],
    ['with one JSON escape', token.replace('!', '\\u0021')],
    ['in HTML', token.replaceAll('!', '&#33;').replaceAll('+', '&#x2B;').replaceAll('/', '&sol;')],
    ['in Base64', Buffer.from(token).toString('base64')],
    ['in Base64 behind a user name', Buffer.from(`user:${token}`).toString('base64')],
    [
      'in Base64 amid other text',
      Buffer.from(`Authorization: Bearer ${token}\r\nHost: x`).toString('base64'),
    ],
    ['in Base64 for URLs', Buffer.from(`ab${token}`).toString('base64url')],
  ])('is taken out %s', (_, echoed) => {
    const clean = hide(`{"message":"got ${echoed} from you"}`);
    expect(clean).toContain('[hidden]');
    expect(clean).toMatch(/^\{"message":"got .* from you"\}$/);
    expect(clean.length).toBeLessThan(80 + 4 * 30);
    expect(clean).not.toContain('Foo');
    expect(clean).not.toContain(Buffer.from(token).toString('base64').slice(10, 30));
  });

  it('is taken out wherever it stands, whatever it holds', () => {
    const secret = fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme-ascii' });
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (text, before, behind) => {
        const clean = createSecretHider([text]);
        for (const form of [
          text,
          encodeURIComponent(text),
          unicode(text),
          JSON.stringify(text).slice(1, -1),
        ]) {
          expect(clean(before + form + behind)).toContain('[hidden]');
        }
        for (const shift of ['', 'a', 'ab']) {
          const echoed = Buffer.from(shift + text + behind).toString('base64');
          expect(clean(echoed)).toContain('[hidden]');
        }
      }),
    );
  });

  it('is taken out whatever each of its characters is spelled as, and whatever escape is begun before it', () => {
    // Begun so, an escape would take what they begin with.
    const secrets = [
      'u0041F2541.-x',
      '2541!ab+/=z~_Q9bF00',
      '00D000000000001!AQ4AQFoo.Bar_baz~qux/quux+corge=x',
    ];
    const hiders = new Map(secrets.map((text) => [text, createSecretHider([text])]));
    const begun = [
      '',
      '%',
      '%2',
      '%25',
      '%252',
      '\\',
      '\\\\',
      '\\u',
      '\\u00',
      '&',
      '&#',
      '&#0',
      '&#x',
      '&#x0',
      '&so',
    ];
    const spellings = [
      (c: string) => c,
      (c: string) => `%${hexOf(c)}`,
      (c: string) => `%${hexOf(c).toUpperCase()}`,
      (c: string) => `%25${hexOf(c)}`,
      (c: string) => `\\u00${hexOf(c)}`,
      (c: string) => `&#${c.charCodeAt(0)};`,
      (c: string) => `&#000${c.charCodeAt(0)};`,
      (c: string) => `&#X0${hexOf(c).toUpperCase()};`,
      (c: string) => (/\w/.test(c) ? c : `\\${c}`),
      (c: string) =>
        ({ '/': '&sol;', '+': '&plus;', '=': '&equals;', '.': '&period;', '!': '&excl;' })[c] ?? c,
    ];
    const check = (text: string, before: string, choices: readonly number[]) => {
      const spelled = Array.from(text, (c, i) => spellings[choices[i % choices.length]!]!(c)).join('');
      expect(hiders.get(text)!(`x${before}${spelled};`)).toContain('[hidden]');
    };
    for (const text of secrets)
      for (const before of begun) for (const choice of spellings.keys()) check(text, before, [choice]);
    const choices = fc.array(fc.nat(spellings.length - 1), { minLength: 20, maxLength: 60 });
    fc.assert(fc.property(fc.constantFrom(...secrets), fc.constantFrom(...begun), choices, check), {
      numRuns: repeats(500),
    });
  });

  it('leaves everything else as it was', () => {
    const text = 'INVALID_FIELD: No such column Foo on Contact; 00D000000000001 is the org';
    expect(hide(text)).toBe(text);
    expect(createSecretHider([null, undefined, 'short'])('short')).toBe('short');
  });

  it('hides the longer of two secrets whole', () => {
    expect(createSecretHider(['abcdefgh', 'abcdefghijkl'])('x abcdefghijkl y')).toBe('x [hidden] y');
  });

  it('takes no long time over a text made to delay it', () => {
    const nearly = token.slice(0, -1).repeat(40_000);
    const started = performance.now();
    hide(nearly);
    hide('&#'.repeat(1_000_000));
    hide('%25'.repeat(1_000_000));
    // A bound against hanging: all this is some 6 MB.
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

it('a long secret is hidden to its end, whatever it holds, and what follows it stays', () => {
  const token = `00D000000000001!${'Ab1._'.repeat(400)}`;
  expect(createSecretHider([token])(`{"echo":"${token}","next":1}`)).toBe('{"echo":"[hidden]","next":1}');
  expect(createSecretHider([token])(`a=${encodeURIComponent(token)}&b=2`)).toBe('a=[hidden]&b=2');
  const words = 'a pass phrase of many words, with "quotes" & blanks in it';
  expect(createSecretHider([words])(`It said ${words}.`)).toBe('It said [hidden].');
  const key = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(2)}\n-----END PRIVATE KEY-----\n`;
  expect(createSecretHider([key])(JSON.stringify({ key }))).not.toContain('MIIEv');
});
