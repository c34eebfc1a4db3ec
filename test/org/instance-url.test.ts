import { describe, expect, it } from 'vitest';
import { ownHost } from '../../src/auth/own-host.ts';
import { hostKeyOf, normaliseInstanceUrl, normaliseLoginUrl } from '../../src/org/instance-url.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';

describe('instance URL', () => {
  it.each([
    ['acme.my.salesforce.com', 'https://acme.my.salesforce.com'],
    ['https://ACME.my.salesforce.com/', 'https://acme.my.salesforce.com'],
    ['https://acme.my.salesforce.com:443/lightning/page/home?x=1#y', 'https://acme.my.salesforce.com'],
    ['acme.my.salesforce.com.', 'https://acme.my.salesforce.com'],
    ['https://acme.lightning.force.com/lightning/o/Contact', 'https://acme.my.salesforce.com'],
    ['https://acme--dev.sandbox.lightning.force.com', 'https://acme--dev.sandbox.my.salesforce.com'],
    ['acme-dev-ed.develop.lightning.force.com', 'https://acme-dev-ed.develop.my.salesforce.com'],
    ['acme--uat.lightning.force.com', 'https://acme--uat.my.salesforce.com'],
    ['https://acme--dev.sandbox.my.salesforce-setup.com/x', 'https://acme--dev.sandbox.my.salesforce.com'],
    ['acme--c.vf.force.com', 'https://acme.my.salesforce.com'],
    ['acme--dev--c.sandbox.vf.force.com', 'https://acme--dev.sandbox.my.salesforce.com'],
    ['acme.lightning.crmforce.mil', 'https://acme.my.salesforce.mil'],
    ['https://acme--dev.sandbox.my.salesforce.com', 'https://acme--dev.sandbox.my.salesforce.com'],
    ['https://na42.salesforce.com', 'https://na42.salesforce.com'],
    ['http://localhost:8080/', 'http://localhost:8080'],
    ['localhost:8080', 'http://localhost:8080'],
    ['http://127.0.0.1:80', 'http://127.0.0.1'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['https://proxy:8443', 'https://proxy:8443'],
    ['  acme.my.salesforce.com\n', 'https://acme.my.salesforce.com'],
  ])('%s is %s', (given, expected) => {
    expect(normaliseInstanceUrl(given)).toBe(expected);
  });

  it.each([
    '',
    'acme',
    'ada@example.com',
    'http://acme.my.salesforce.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://1270.0.0.1',
    'ftp://acme.my.salesforce.com',
    'javascript://acme.my.salesforce.com/%0aalert(1)',
    'https://',
    'https://ada:secret@acme.my.salesforce.com',
    'https://acme..com',
    'two words.com',
  ])('%j is refused with what to give instead', (given) => {
    expect(() => normaliseInstanceUrl(given)).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', hint: expect.stringContaining('my.salesforce.com') }),
    );
  });

  it('never repeats a secret that was pasted with the URL', () => {
    for (const given of ['ftp://ada:secret@x.com/', 'ftp://x.com/?token=secret', 'http://x.com/#secret']) {
      expect(() => normaliseInstanceUrl(given)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('secret') }),
      );
    }
  });

  const label = fc.stringMatching(/^[a-z0-9]{1,10}(--?[a-z0-9]{1,8})?$/);
  const suffix = fc.constantFrom(
    '.my.salesforce.com',
    '.sandbox.my.salesforce.com',
    '.lightning.force.com',
    '.sandbox.lightning.force.com',
    '.my.salesforce-setup.com',
    '--c.vf.force.com',
    '.example.org',
  );

  it('property: normalising twice is normalising once, and the result has no path, port 443 or upper case', () => {
    fc.assert(
      fc.property(
        label,
        suffix,
        fc.constantFrom('', 'https://', 'HTTPS://'),
        fc.constantFrom('', '/', ':443', ':443/', ':8443', '/a/b?c=d#e'),
        fc.boolean(),
        (name, suffix, scheme, tail, upper) => {
          const host = upper ? `${name}${suffix}`.toUpperCase() : `${name}${suffix}`;
          const once = normaliseInstanceUrl(`${scheme}${host}${tail}`);
          expect(normaliseInstanceUrl(once)).toBe(once);
          expect(once).toMatch(/^https:\/\/[a-z0-9.-]+(:8443)?$/);
          expect(once).not.toMatch(/lightning|salesforce-setup|vf\.force/);
        },
      ),
    );
  });

  it('property: whatever text is given, the answer is a secure or loopback origin, or INVALID_INPUT', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc
        .tuple(fc.constantFrom('http://', 'https://', ''), fc.ipV4(), fc.nat(65_535))
        .map(([s, ip, p]) => `${s}${ip}:${p}`),
      fc.tuple(fc.constantFrom('http://', ''), fc.domain()).map(([s, d]) => `${s}${d}`),
    );
    fc.assert(
      fc.property(text, (given) => {
        let url: URL;
        try {
          url = new URL(normaliseInstanceUrl(given));
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_INPUT' });
          return;
        }
        expect(url.pathname + url.search + url.hash + url.username + url.password).toBe('/');
        if (url.protocol !== 'https:') {
          expect(url.protocol).toBe('http:');
          expect(url.hostname).toMatch(/^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/);
        }
      }),
      { numRuns: repeats(500) },
    );
  });

  it('keeps the shared login hosts as login URLs and refuses them as an org', () => {
    expect(normaliseLoginUrl('login.salesforce.com')).toBe('https://login.salesforce.com');
    expect(normaliseLoginUrl('https://test.salesforce.com/')).toBe('https://test.salesforce.com');
    expect(() => ownHost('https://login.salesforce.com')).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    );
    expect(ownHost('acme.my.salesforce.com')).toBe('https://acme.my.salesforce.com');
  });

  it("names an org's files by host and port", () => {
    expect(hostKeyOf('https://acme.my.salesforce.com')).toBe('acme.my.salesforce.com');
    expect(hostKeyOf('http://localhost:8080')).toBe('localhost_8080');
    expect(hostKeyOf('http://[::1]:8080')).toBe('--1_8080');
  });
});
