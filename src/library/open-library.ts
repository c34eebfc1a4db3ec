import type { Logger } from '../base/logger.ts';
import { parseApiBudget } from '../config/api-budget.ts';
import { type ApplicationOptions, applicationConfig } from '../config/application-config.ts';
import type { ApplicationConfig } from '../config/config.ts';
import type { App, AppIo } from '../contract/app.ts';
import { bounds } from '../contract/defaults.ts';
import { Calls } from './calls.ts';
import { contactsOf } from './contacts.ts';
import { loginOptions } from './login-options.ts';
import { openOptionKinds } from './option-kinds.ts';
import { given, notBoth, oneOf, optionsOver, wholeNumber } from './options-over.ts';
import { outboxOf } from './outbox.ts';
import type { OfOrg, ParahackSync } from './parahack-sync.ts';
import { pushRecordsOf } from './push-records.ts';
import { redactedLog } from './redacted-log.ts';
import { usual } from './usual-options.ts';

export interface OpenOptions extends ApplicationOptions {
  /** Takes warnings and other messages, secrets hidden; nothing is said unless told. */
  log?: Partial<Logger> | undefined;
}

export type CreateApp = (config: ApplicationConfig, io: AppIo) => Promise<App>;

const usualOpen: Record<keyof OpenOptions, undefined> = {
  dataDir: undefined,
  credentialStore: undefined,
  credentialDir: undefined,
  apiVersion: undefined,
  clientId: undefined,
  clientSecret: undefined,
  loginUrl: undefined,
  apiBudget: undefined,
  stopTimeoutMs: undefined,
  org: undefined,
  proxy: undefined,
  env: undefined,
  log: undefined,
};

/** Opens nothing but what a killed move of an org left to do: each call opens what it needs. */
export async function openLibrary(options: OpenOptions, createApp: CreateApp): Promise<ParahackSync> {
  const { log = {}, ...asked } = optionsOver<OpenOptions>(
    'openParahackSync',
    usualOpen,
    options,
    openOptionKinds,
  );
  const config = applicationConfig(asked, process.cwd());
  const calls = new Calls(await createApp(config, { log: redactedLog(log, config) }));
  return {
    login: (request, call) =>
      calls.call(call, async (app, context) => app.login(loginOptions(request, config), context)),
    logout: (options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('logout', usual.logout, options);
        notBoth('org', all.org !== null, 'all', all.all);
        return app.logout(all, context);
      }),
    orgs: {
      list: (call) => calls.call(call, (app, context) => app.orgs.list(context)),
      setSync: (options, call) =>
        calls.call(call, async (app, context) => {
          const usualSync = { org: '', sync: true };
          return app.orgs.setSync(optionsOver('orgs.setSync', usualSync, options), context);
        }),
      setAlias: (options, call) =>
        calls.call(call, async (app, context) => {
          const all = optionsOver('orgs.setAlias', usual.orgAlias, options);
          given('orgs.setAlias', 'alias', options.alias, 'a text, or null to take the alias away');
          return app.orgs.setAlias(all, context);
        }),
      set: (options, call) =>
        calls.call(call, async (app, context) => {
          const { org, budget, twoWay, conflicts } = optionsOver('orgs.set', usual.orgSettings, options);
          if (budget !== undefined) parseApiBudget(String(budget), 'budget');
          if (conflicts !== undefined)
            oneOf('conflicts', conflicts, ['salesforce-wins', 'local-wins', 'manual']);
          const set = {
            org,
            ...(budget === undefined ? {} : { budget }),
            ...(twoWay === undefined ? {} : { twoWay }),
            ...(conflicts === undefined ? {} : { conflicts }),
          };
          return app.orgs.set(set, context);
        }),
    },
    backfill: (options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('backfill', usual.backfill, options);
        notBoth('orgs', all.orgs.length > 0, 'all', all.all);
        oneOf('api', all.api, ['auto', 'rest', 'bulk']);
        if (all.concurrency !== null) wholeNumber('concurrency', all.concurrency, bounds.concurrency);
        return app.backfill(all, context);
      }),
    watch: (options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('watch', usual.watch, options);
        wholeNumber('intervalMs', all.intervalMs, bounds.watchIntervalMs);
        if (all.reconcileEveryMs !== null)
          wholeNumber('reconcileEveryMs', all.reconcileEveryMs, bounds.reconcileEveryMs);
        return app.watch(all, context);
      }),
    reconcile: (options, call) =>
      calls.call(call, async (app, context) =>
        app.reconcile(optionsOver('reconcile', usual.reconcile, options), context),
      ),
    push: (records, options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('push', usual.push, options);
        oneOf('api', all.api, ['auto', 'collections', 'bulk']);
        oneOf('decimal', all.decimal, [null, 'point', 'comma']);
        return app.push({ ...all, records: pushRecordsOf(records) }, context);
      }),
    contacts: contactsOf(calls),
    outbox: outboxOf(calls),
    archives: {
      list: (options, call) =>
        calls.call(call, async (app, context) => app.archives.list(ofOrg('archives.list', options), context)),
      prune: (options, call) =>
        calls.call(call, async (app, context) => {
          const all = optionsOver('archives.prune', usual.prune, options);
          wholeNumber('keep', all.keep, bounds.keptArchives);
          return app.archives.prune(all, context);
        }),
    },
    status: (options, call) =>
      calls.call(call, async (app, context) => app.status(ofOrg('status', options), context)),
    runs: (options, call) =>
      calls.call(call, async (app, context) => {
        const all = optionsOver('runs', usual.runs, options);
        wholeNumber('limit', all.limit, bounds.runs);
        return app.runs(all, context);
      }),
    run: (options, call) =>
      calls.call(call, async (app, context) => app.run(optionsOver('run', { id: '' }, options), context)),
    limits: (options, call) =>
      calls.call(call, async (app, context) => app.limits(ofOrg('limits', options), context)),
    doctor: (call) => calls.call(call, (app, context) => app.doctor(context)),
    close: () => calls.close(),
    [Symbol.asyncDispose]: () => calls.close(),
  };
}

const ofOrg = (name: string, options: OfOrg | undefined) =>
  optionsOver<{ org: string | null }>(name, usual.ofOrg, options as { org?: string | null });
