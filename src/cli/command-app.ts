import type { App, CallContext } from '../contract/app.ts';

/**
 * The app as a command drives it. The command's signal is bound to each call, so that none can be forgotten by it: a
 * call takes its options, and where it has events whoever is told them.
 */
export type CommandApp = Bound<Omit<App, typeof Symbol.asyncDispose>>;

type Bound<Calls> = { readonly [Name in keyof Calls]: BoundCall<Calls[Name]> };

type BoundCall<Call> = Call extends (...args: infer Args) => infer Result
  ? Args extends [...infer Options, CallContext<infer Event>]
    ? (...args: [...Options, ...Listener<Event>]) => Result
    : Call
  : Bound<Call>;

type Listener<Event> = [Event] extends [never] ? [] : [onEvent: (event: Event) => void];
