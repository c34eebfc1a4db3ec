import { describe, expect, test } from 'vitest';
import { printableJson } from '../../src/base/printable-json.ts';
import { listDocument } from '../../src/cli/list-document.ts';

const error = { code: 'INTERRUPTED', message: 'Ended.', hint: null, details: { at: [1] } };
const head = { instanceUrl: 'https://acme', total: 3 };
const items = [{ Id: 'a\u202e', deep: { list: [1, {}] } }, {}, { Name: 'line\nbreak' }];

async function textOf(batches: unknown[][], pretty: boolean, fault?: Error): Promise<string> {
  const read = async function* () {
    yield* batches;
    if (fault !== undefined) throw fault;
  };
  let text = '';
  const told: unknown[] = [];
  for await (const part of listDocument({ head, name: 'contacts', batches: read(), pretty }, (thrown) => {
    told.push(thrown);
    return error;
  })) {
    text += part;
  }
  expect(told).toEqual(fault === undefined ? [] : [fault]);
  return text;
}

describe.each([
  ['indented', true, 2],
  ['on one line', false, undefined],
] as const)('a document in pieces, %s, is the same text as a whole one', (_, pretty, space) => {
  test.each([
    ['no batch', []],
    ['an empty batch', [[]]],
    ['batches of some', [items.slice(0, 1), [], items.slice(1)]],
  ])('of %s', async (_name, batches) => {
    const whole = { ...head, contacts: batches.flat() };
    expect(await textOf(batches, pretty)).toBe(`${printableJson(whole, space)}\n`);
  });

  test.each([[[]], [[items]]])('with the error that ended it', async (batches) => {
    const whole = { ...head, contacts: batches.flat(), error };
    expect(await textOf(batches, pretty, new Error('ended'))).toBe(`${printableJson(whole, space)}\n`);
  });
});
