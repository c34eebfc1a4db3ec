import { printable, printableLine } from '../base/printable.ts';
import type { OrgNames } from './org-names.ts';

/**
 * Every text in plain data made fit for one line of a terminal or a log, the orgs in errors' messages called by their
 * names, and commands in messages and hints told which org they are for. A value in which nothing had to change is given
 * back as it is, so that many rows take no second copy.
 */
export function printableValue(value: unknown, orgNames: OrgNames): unknown {
  const clean = (each: unknown, key: string | null, org: string | null): unknown => {
    if (typeof each === 'string') {
      if (key === 'message') return printableLine(orgNames.inSentence(each, org));
      // That of a run may have a line for each contact; who shows it makes each fit.
      if (key === 'note') return printable(each);
      return printableLine(key === 'hint' ? orgNames.inCommands(each, org) : each);
    }
    if (Array.isArray(each)) {
      const items = each.map((item) => clean(item, null, org));
      return items.every((item, at) => Object.is(item, each[at])) ? each : items;
    }
    if (each === null || typeof each !== 'object' || Object.getPrototypeOf(each) !== Object.prototype) {
      return each;
    }
    const before = Object.entries(each);
    const { instanceUrl } = each as { instanceUrl?: unknown };
    const whose = typeof instanceUrl === 'string' ? instanceUrl : org;
    const after = before.map(([name, item]) => [printableLine(name), clean(item, name, whose)] as const);
    const same = after.every(
      ([name, item], at) => name === before[at]![0] && Object.is(item, before[at]![1]),
    );
    return same ? each : Object.fromEntries(after);
  };
  return clean(value, null, null);
}
