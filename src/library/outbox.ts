import { AppError } from '../base/errors.ts';
import { bounds } from '../contract/defaults.ts';
import type { OutboxEntryView, OutboxMoveOptions } from '../contract/outbox.ts';
import { droppableStates, outboxStates } from '../contract/outbox-states.ts';
import type { Calls } from './calls.ts';
import { notBoth, oneOf, optionsOver, wholeNumber } from './options-over.ts';
import type { CallOptions, ParahackSync } from './parahack-sync.ts';
import { usual } from './usual-options.ts';

export function outboxOf(calls: Calls): ParahackSync['outbox'] {
  const move = (verb: 'retry' | 'approve') => (options: Partial<OutboxMoveOptions>, call?: CallOptions) =>
    calls.call(call, async (app, context) => {
      const all = optionsOver(`outbox.${verb}`, usual.outboxMove, options);
      notBoth('keys', all.keys.length > 0, 'all', all.all);
      notBoth('take', all.take !== null, 'inDoubt', all.inDoubt);
      oneOf('take', all.take, [null, 'local', 'salesforce']);
      return app.outbox[verb](all, context);
    });
  return {
    list: (options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('outbox.list', usual.outboxList, options);
        wholeNumber('limit', all.limit, bounds.outboxEntries);
        for (const state of all.states) oneOf('states', state, outboxStates);
        const { total, batches } = await app.outbox.list(all, context);
        const entries: OutboxEntryView[] = [];
        for await (const batch of batches()) entries.push(...batch);
        return { total, entries };
      }),
    show: (options, call) =>
      calls.call(call, async (app, context) =>
        app.outbox.show(
          optionsOver('outbox.show', { ...usual.ofOrg, ...usual.outboxShow }, options),
          context,
        ),
      ),
    retry: move('retry'),
    drop: (options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('outbox.drop', usual.outboxDrop, options);
        notBoth('keys', all.keys.length > 0, 'all', all.all);
        const states = all.states ?? [];
        notBoth('keys', all.keys.length > 0, 'states', states.length > 0);
        for (const state of states) oneOf('states', state, droppableStates);
        return app.outbox.drop(all, context);
      }),
    approve: move('approve'),
    settle: (options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('outbox.settle', usual.outboxSettle, options);
        const { as, notSent, auto, keys } = all;
        notBoth('as', as !== null, 'notSent', notSent);
        notBoth('as', as !== null, 'auto', auto);
        notBoth('notSent', notSent, 'auto', auto);
        if (as === null && !notSent && !auto) {
          throw new AppError('INVALID_INPUT', 'outbox.settle takes one of `as`, `notSent` and `auto`.');
        }
        if (keys.length === 0 && !auto) throw new AppError('INVALID_INPUT', 'outbox.settle names no entry.');
        return app.outbox.settle(all, context);
      }),
  };
}
