import type { Clock } from '../base/clock.ts';
import type { ApplicationConfig } from '../config/config.ts';
import type { App, AppIo } from '../contract/app.ts';
import type { EmulatorParts } from '../usecases/emulator.ts';
import { finishMoves } from '../usecases/move-org.ts';
import { orgNames } from '../usecases/org-names.ts';
import { Services } from './services.ts';

const emulators: EmulatorParts = {
  startOrgs: async (...call) => (await import('../emulator/index.ts')).startOrgs(...call),
};

/**
 * The composition root. Each command's part is loaded when it is called, so that a command pays only for what
 * it uses. Commands and the library go by the system's clock.
 */
export async function createApp(config: ApplicationConfig, io: AppIo, clock?: Clock): Promise<App> {
  const services = new Services(config, io, clock);
  await finishMoves(services);
  return {
    login: async (...call) => (await import('../usecases/login.ts')).login(services, ...call),
    logout: async (...call) => (await import('../usecases/logout.ts')).logout(services, ...call),
    orgs: (await import('../usecases/orgs.ts')).appOrgs(services),
    orgNames: () => orgNames(services),
    backfill: async (...call) => (await import('../usecases/backfill.ts')).backfillOrgs(services, ...call),
    watch: async (...call) => (await import('../usecases/watch.ts')).watch(services, ...call),
    reconcile: async (...call) => (await import('../usecases/reconcile.ts')).reconcileOrgs(services, ...call),
    push: async (...call) => (await import('../usecases/push.ts')).pushRecords(services, ...call),
    contacts: (await import('../usecases/contacts.ts')).appContacts(services),
    outbox: (await import('../usecases/outbox.ts')).appOutbox(services),
    archives: (await import('../usecases/archives.ts')).appArchives(services),
    status: async (options) => (await import('../usecases/status.ts')).status(services, options),
    runs: async (options, { signal }) =>
      (await import('../usecases/runs.ts')).listRuns(services, options, signal),
    run: async (options) => (await import('../usecases/runs.ts')).showRun(services, options),
    limits: async (...call) => (await import('../usecases/limits.ts')).limits(services, ...call),
    doctor: async (context) => (await import('../usecases/doctor.ts')).doctor(services, context),
    emulator: async (...call) => (await import('../usecases/emulator.ts')).runEmulator(emulators, ...call),
    [Symbol.asyncDispose]: () => services[Symbol.asyncDispose](),
  };
}
