import type { App } from '../contract/app.ts';
import type { OrgNames } from './org-names.ts';
import { printableValue } from './printable-value.ts';

/**
 * `app` with every text of its results made fit for one line of a terminal or a log, so that no command has to
 * think of the line breaks and escape sequences that an org, a user or a contact may have written into them, and
 * with orgs called by their names. What is read later (an export's batches) comes as it is.
 */
export function printableApp(app: App, orgNames: OrgNames): App {
  return inPlainText(app, orgNames);
}

function inPlainText<T extends object>(target: T, orgNames: OrgNames): T {
  return new Proxy(target, {
    get(of, name) {
      const own: unknown = Reflect.get(of, name);
      if (typeof own === 'function') {
        return (...args: unknown[]) => {
          const result: unknown = own.apply(of, args);
          return result instanceof Promise
            ? result.then((value: unknown) => printableValue(value, orgNames))
            : result;
        };
      }
      return own !== null && typeof own === 'object' ? inPlainText(own, orgNames) : own;
    },
  });
}
