import type { App, CreateApp } from './app.ts';
import { finishMoves } from './move-org.ts';
import { orgNames } from './org-names.ts';
import { Services } from './services.ts';

/**
 * The composition root. Each command's part is loaded when it is called, so that a command pays only for what
 * it uses.
 */
export const createApp: CreateApp = async (config, { log }): Promise<App> => {
  const services = new Services(config, log);
  await finishMoves(services);
  return {
    login: async (...call) => (await import('./login.ts')).login(services, ...call),
    logout: async (...call) => (await import('./logout.ts')).logout(services, ...call),
    orgs: (await import('./orgs.ts')).appOrgs(services),
    orgNames: () => orgNames(services),
    backfill: async (...call) => (await import('./backfill.ts')).backfillOrgs(services, ...call),
    watch: async (...call) => (await import('./watch.ts')).watch(services, ...call),
    push: async (...call) => (await import('./push.ts')).pushRecords(services, ...call),
    contacts: (await import('./contacts.ts')).appContacts(services),
    outbox: (await import('./outbox.ts')).appOutbox(services),
    archives: (await import('./archives.ts')).appArchives(services),
    status: async (options) => (await import('./status.ts')).status(services, options),
    runs: async (options, { signal }) => (await import('./runs.ts')).listRuns(services, options, signal),
    run: async (options) => (await import('./runs.ts')).showRun(services, options),
    limits: async (...call) => (await import('./limits.ts')).limits(services, ...call),
    doctor: async (context) => (await import('./doctor.ts')).doctor(services, context),
    emulator: async (...call) => (await import('./emulator.ts')).runEmulator(...call),
    [Symbol.asyncDispose]: () => services[Symbol.asyncDispose](),
  };
};
