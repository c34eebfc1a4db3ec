export type { Emulator } from './emulator.ts';
export type { EmulatorOptions } from './options.ts';
export { startEmulator } from './start-emulator.ts';
export type { Emulators } from './start-orgs.ts';
export { startOrgs } from './start-orgs.ts';
