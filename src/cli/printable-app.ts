import type { App } from '../app/app.ts';
import { printableValue } from './printable-value.ts';

/**
 * `app` with every text of its results made fit for one line of a terminal or a log, so that no command has to
 * think of the line breaks and escape sequences that an org, a user or a contact may have written into them. What
 * is read later (an export's batches) comes as it is.
 */
export function printableApp(app: App): App {
  return inPlainText(app);
}

function inPlainText<T extends object>(target: T): T {
  return new Proxy(target, {
    get(of, name) {
      const own: unknown = Reflect.get(of, name);
      if (typeof own === 'function') {
        return (...args: unknown[]) => {
          const result: unknown = own.apply(of, args);
          return result instanceof Promise ? result.then(printableValue) : result;
        };
      }
      return own !== null && typeof own === 'object' ? inPlainText(own) : own;
    },
  });
}
