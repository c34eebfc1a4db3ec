export type { Emulator } from './emulator.ts';
export type { EmulatorOptions } from './options.ts';
export { startEmulator } from './start-emulator.ts';
