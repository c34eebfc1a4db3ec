import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { contact } from '../../src/org/synced-object.ts';
import { apiError } from '../../src/salesforce/api-error.ts';
import { encodeSoql, ownPath } from '../../src/salesforce/org-url.ts';
import { recordErrors } from '../../src/salesforce/record-error.ts';
import { collectionOutcomes } from '../../src/salesforce/write-outcome.ts';
import fc from '../support/properties.ts';

const contentType = fc.constantFrom(
  null,
  'application/json',
  'text/html',
  'application/xml',
  'text/plain',
  '',
);
const body = fc.oneof(
  fc.string(),
  fc.json(),
  fc
    .jsonValue()
    .map((v) => JSON.stringify([{ errorCode: v, message: v, fields: v, output: v, duplicateResut: v }])),
  fc.string().map((s) => `<html>${s}`),
  fc.string().map((s) => `error=${s}`),
);

describe('whatever an org answers', () => {
  it('an error is one sentence on one line with a code of ours', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), contentType, body, (status, type, text) => {
        const header = (name: string) => (name === 'content-type' ? type : null);
        const parts = { now: 0, request: 'GET /x', host: 'org.example', origin: 'https://org.example' };
        const error = apiError({ status, header, body: text, ...parts });
        expect(error.code).toMatch(/^[A-Z_]+$/);
        expect(error.message).not.toMatch(/[\r\n]/);
        expect(error.message.length).toBeLessThan(700);
        for (const one of recordErrors(contact, type, text)) {
          expect(typeof one.code).toBe('string');
          expect(typeof one.message).toBe('string');
          expect(Array.isArray(one.fields)).toBe(true);
        }
      }),
    );
  });

  it('every record that was sent has an outcome, or none has', () => {
    const result = fc.oneof(
      fc.jsonValue(),
      fc.record({ id: fc.jsonValue(), success: fc.jsonValue(), errors: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.array(result), fc.jsonValue()), fc.nat(3), (results, sent) => {
        const outcomes = collectionOutcomes(results, Array(sent).fill({}), {
          allOrNone: false,
          object: contact,
          creates: true,
        });
        expect(outcomes === null ? sent : outcomes.length).toBe(sent);
        if (Array.isArray(results) && results.length === sent) expect(outcomes).toHaveLength(sent);
      }),
    );
  });

  it('a link leads to the org’s own services or nowhere', () => {
    const origin = 'https://org.example';
    const url = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc
        .tuple(
          fc.constantFrom('/', '//', '/services/', `${origin}/services/`, '\\', '/services/../'),
          fc.string(),
        )
        .map((p) => p.join('')),
    );
    fc.assert(
      fc.property(url, (link) => {
        let path: string;
        try {
          path = ownPath(link, origin, undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          return;
        }
        const target = new URL(origin + path);
        expect(target.origin).toBe(origin);
        expect(target.pathname).toMatch(/^\/services\//);
      }),
    );
  });

  it('a query arrives as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (soql) => {
        const url = new URL(`https://org.example/query?q=${encodeSoql(soql)}`);
        expect(url.searchParams.get('q')).toBe(soql);
      }),
    );
  });
});
