import type { App } from '../../../src/contract/app.ts';

export interface AppCall {
  method: string;
  options: unknown;
}

type Fakes = Partial<Omit<App, 'orgs' | 'contacts' | 'outbox' | 'archives'>> & {
  orgs?: Partial<App['orgs']>;
  contacts?: Partial<App['contacts']>;
  outbox?: Partial<App['outbox']>;
  archives?: Partial<App['archives']>;
};

/** An App of the given methods that notes each call's options; any other method is an error. */
export function fakeApp(fakes: Fakes): { app: App; calls: AppCall[]; disposed: () => number } {
  const calls: AppCall[] = [];
  let disposals = 0;
  const noted = (prefix: string, methods: object): object =>
    new Proxy(methods, {
      get(target, name) {
        if (name === Symbol.asyncDispose) {
          return async () => {
            disposals++;
          };
        }
        // Promises ask what they are given whether it is one of them.
        if (name === 'then') return undefined;
        if (name === 'orgNames' && !(name in target)) return async () => [];
        const own: unknown = Reflect.get(target, name);
        const method = `${prefix}${String(name)}`;
        if (own !== undefined && typeof own === 'object') return noted(`${method}.`, own as object);
        if (typeof own !== 'function')
          throw new Error(`The command called ${method}, which nobody expected.`);
        return (options: unknown, ...rest: unknown[]) => {
          calls.push({ method, options });
          return own(options, ...rest) as unknown;
        };
      },
    });
  return { app: noted('', fakes) as App, calls, disposed: () => disposals };
}
