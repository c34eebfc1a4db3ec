export type { Emulator, EmulatorInProcess } from './emulator.ts';
export type { EmulatorOptions } from './options.ts';
export { startEmulator, startEmulatorInProcess } from './start-emulator.ts';
export type { Emulators } from './start-orgs.ts';
export { startOrgs } from './start-orgs.ts';
