import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { abortReason } from '../../src/base/abort.ts';
import { AppError } from '../../src/base/errors.ts';
import { reportError } from '../../src/cli/error-report.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { OrgNames } from '../../src/cli/org-names.ts';
import { createRedact } from '../../src/contract/redact.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';
import { slowdown } from '../support/slowdown.ts';
import { fakeApp } from './support/fake-app.ts';
import { runMain } from './support/run-main.ts';

const orgNames = new OrgNames(() => 0);
const options = { redact: createRedact(), verbose: false, stoppedBy: null, orgNames };

describe('each code has its exit code', () => {
  test.each([
    ['INVALID_INPUT', 2],
    ['UNKNOWN_ORG', 2],
    ['LOGIN_REQUIRED', 3],
    ['LOGIN_DENIED', 3],
    ['LOGIN_TIMEOUT', 3],
    ['CREDENTIAL_STORE_UNAVAILABLE', 3],
    ['PARTIAL', 4],
    ['NETWORK_UNREACHABLE', 5],
    ['ORG_UNAVAILABLE', 5],
    ['ORG_UNAVAILABLE', 5],
    ['REQUEST_LIMIT_EXCEEDED', 5],
    ['API_BUDGET_EXHAUSTED', 5],
    ['TIMEOUT', 5],
    ['ORG_BUSY', 6],
    ['NOT_AVAILABLE', 1],
    ['MIRROR_NEWER_THAN_TOOL', 1],
    ['SALESFORCE_ERROR', 1],
  ] as const)('%s → %i', (code, exitCode) => {
    expect(reportError(new AppError(code, 'It failed.'), options).exitCode).toBe(exitCode);
  });

  test('a word that is no code of ours ends with 1', () => {
    for (const word of ['toString', 'CREDENTIAL_STORE_', '']) expect(exitCodeOf(word)).toBe(1);
  });
});

test('an abort by SIGINT is 130, by SIGTERM 143', () => {
  expect(reportError(abortReason(), { ...options, stoppedBy: 'SIGINT' })).toMatchObject({
    exitCode: 130,
    info: { code: 'INTERRUPTED' },
  });
  expect(reportError(abortReason(), { ...options, stoppedBy: 'SIGTERM' })).toMatchObject({
    exitCode: 143,
    info: { code: 'TERMINATED' },
  });
});

test('a sentence and a hint, no stack', () => {
  const error = new AppError('INVALID_INPUT', 'The flag is wrong.', {
    hint: 'Use another.',
    details: { flag: '--x' },
  });
  expect(reportError(error, options)).toEqual({
    info: {
      code: 'INVALID_INPUT',
      message: 'The flag is wrong.',
      hint: 'Use another.',
      details: { flag: '--x' },
    },
    exitCode: 2,
    lines: ['Error: The flag is wrong.', 'Hint: Use another.'],
    trace: [],
  });
});

test('an unexpected exception is one sentence; its stack and causes come only with --verbose', () => {
  const error = new TypeError('x is not a function', { cause: new Error('because of y') });
  const brief = reportError(error, options);
  expect(brief.exitCode).toBe(1);
  expect(brief.lines).toEqual(['Error: x is not a function', expect.stringContaining('--verbose')]);
  const long = reportError(error, { ...options, verbose: true }).trace.join('\n');
  expect(long).toContain('error-report.test.ts');
  expect(long).toContain('because of y');
});

test('a chain of causes that bites its own tail ends', () => {
  const error = new Error('a');
  error.cause = error;
  expect(reportError(error, { ...options, verbose: true }).trace.length).toBeLessThan(200);
});

test.each([
  ['EACCES', 'FILE_NOT_ACCESSIBLE', 1],
  ['ENOSPC', 'DISK_FULL', 1],
  ['EFBIG', 'DISK_FULL', 1],
  ['ECONNREFUSED', 'NETWORK_UNREACHABLE', 5],
])('the system error %s that no room has mapped becomes %s', (code, expected, exitCode) => {
  const error = Object.assign(new Error(`${code}: no`), { code, path: '/data/x' });
  const report = reportError(new Error('outer', { cause: error }), options);
  expect(report.info.code).toBe(expected);
  expect(report.exitCode).toBe(exitCode);
});

describe('no secret gets through', () => {
  const token = '00D5g000004WXYZ!AQ0AQLqkq3.z2Jm_3mT9xQ';
  const known = 'correct horse battery';
  const redact = createRedact([known, undefined, 'abc']);
  test.each([
    [`bad token ${token}`, token],
    [`GET /x?sid=${token}`, token],
    [encodeURIComponent(token), 'AQ0AQLqkq3'],
    [`?x=${encodeURIComponent(known)}`, encodeURIComponent(known)],
    ['Authorization: Basic Y2xpZW50OnNlY3JldA==', 'Y2xpZW50'],
    ['sent Bearer a1b2c3d4e5f6g7h8i9', 'a1b2c3d4'],
    ['refresh 5Aep861KIwKdekr90I4iHdZDgWwlfo0Yqz7cQ', '5Aep861'],
    ['Authorization: Bearer abcdef1234567', 'abcdef1234567'],
    ['{"access_token":"s3cr3t-value","x":1}', 's3cr3t-value'],
    ['client_secret=s3cr3t-value&x=1', 's3cr3t-value'],
    ['http://localhost:9717/callback?code=aPrx.Zq1&state=s', 'aPrx.Zq1'],
    ['eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl', 'c2lnbmF0dXJl'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----', 'MIIEow'],
    ['http://user:hunter2@proxy:3128', 'hunter2'],
    [`the passphrase ${known} is wrong`, known],
    // Of a login that was refused, so that nobody here knows the token.
    ...['', 'x', 'xy', 'Bearer '].map((before) => {
      const encoded = Buffer.from(before + token).toString('base64');
      return [`an echo in Base64 behind "${before}": ${encoded}.`, encoded.slice(8)] as [string, string];
    }),
    [`glued${Buffer.from(token).toString('base64url')}`, Buffer.from(token).toString('base64url')],
    [
      Buffer.from('5Aep861KIwKdekr90I4iHdZD').toString('base64'),
      Buffer.from('5Aep861K').toString('base64').slice(0, 9),
    ],
  ])('%s', (text, secret) => {
    const report = reportError(new AppError('PARTIAL', text, { hint: text, details: { nested: [text] } }), {
      ...options,
      redact,
    });
    expect(JSON.stringify(report)).not.toContain(secret);
    expect(JSON.stringify(report)).toContain('[hidden]');
  });

  test.each([
    "Enable the flow in the app's OAuth settings, or log in another way.",
    "The app's OAuth client id is not known (OAuth configuration, Basic authentication).",
    'authentication failure; password: expired, access_token: missing-or-malformed',
    'The Bearer acknowledgement was refused.',
  ])('words that stand where a secret might are told: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('every sentence of this program is told as it is written', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
      (path) => path.endsWith('.ts') && !path.startsWith('emulator'),
    );
    const sentences = sources.flatMap((path) =>
      (
        readFileSync(join('src', path), 'utf8').match(
          /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g,
        ) ?? []
      ).filter((literal) => / \w+ /.test(literal)),
    );
    expect(sentences.length).toBeGreaterThan(400);
    expect(sentences.filter((sentence) => redact(sentence) !== sentence)).toEqual([]);
  });

  const pieces = [
    'eyJ',
    'abcdefgh',
    '-',
    '.',
    '00D',
    '!',
    'Bearer ',
    'password',
    '=',
    ': ',
    '"',
    '//',
    ':',
    '@',
    '-----BEGIN ',
    'PRIVATE KEY-----',
    '-----END ',
    '&code=',
    ' ',
    '5Aep861',
    '0',
  ];
  const patterns = fc.sample(
    fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 }),
    repeats(60),
  );
  test.each([['eyJabcdefgh', '-'], ...patterns].map((pattern) => [pattern.join(''), pattern]))(
    'much more of %j takes no more than its length',
    (unit) => {
      const text = (size: number) => String(unit).repeat(Math.ceil(size / unit.length));
      expect(slowdown((size) => void redact(text(size)), 3_000)).toBeLessThan(80);
    },
  );

  test('a message of megabytes is cut, and no secret is half shown at the cut', async () => {
    const secret = 'correct horse battery staple';
    for (const before of [0, 8_180, 65_530]) {
      const { stderr } = await runMain(['status'], {
        env: { PARAHACK_SYNC_CLIENT_SECRET: secret },
        app: fakeApp({
          status: async () => {
            throw new AppError('SALESFORCE_ERROR', 'x'.repeat(before) + secret + 'y'.repeat(3_000_000));
          },
        }).app,
      });
      expect(stderr).not.toContain('correct');
      expect(stderr.length).toBeLessThan(10_000);
      expect(stderr).toMatch(/more characters/);
    }
  });

  test('what is no secret stays', () => {
    const text = 'The alias "abc" of https://acme.my.salesforce.com was 003xx000004TmiQAAS (error code: X).';
    expect(redact(text)).toBe(text);
  });

  test('in a stack either', () => {
    const report = reportError(new Error(`no ${token}`), { ...options, verbose: true });
    expect([...report.lines, ...report.trace].join('\n')).not.toContain(token);
    expect(report.trace.join('\n')).toContain('error-report.test.ts');
  });
});
