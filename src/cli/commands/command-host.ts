import type { Command } from 'commander';
import type { Handler } from '../invocation.ts';

/** What a command is added to. */
export interface CommandHost {
  program: Command;
  /** Called by the action of the command that the arguments name. */
  run(command: Command, handler: Handler): void;
}
