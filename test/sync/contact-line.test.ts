import { expect, it } from 'vitest';
import { ContactLine } from '../../src/sync/push/plan/contact-line.ts';

const pushed = { local: false };
const edit = { local: true };

it('an edit waits for the next pass behind its contact in a page that is not settled, and not behind one that was', () => {
  const line = new ContactLine();
  const first = line.beginPage();
  expect(first.defers(pushed, ['ada'])).toBe(false);
  expect(first.defers(pushed, ['bob'])).toBe(false);
  expect(first.defers(edit, ['ada', '003'])).toBe(true);

  const second = line.beginPage();
  first.end();
  // The first had not ended when the second was read.
  expect(second.defers(edit, ['bob'])).toBe(true);
  expect(second.defers(pushed, ['bob'])).toBe(true);
  expect(second.defers(pushed, ['cleo'])).toBe(false);
  second.end();

  const third = line.beginPage();
  expect(third.defers(edit, ['cleo'])).toBe(false);
  // What waits keeps back all that follows of its contact.
  expect(third.defers(pushed, ['003'])).toBe(true);
  expect(line.deferred).toBe(4);
});
