import type { Command } from 'commander';
import { AppError } from '../../base/errors.ts';

/** Makes `group` without one of its commands a wrong usage that names them, in place of a page of help. */
export function requireSubcommand(group: Command): void {
  group.exitOverride((error) => {
    if (error.code !== 'commander.help') throw error;
    throw new AppError('INVALID_INPUT', `\`${group.name()}\` needs to know what to do.`, {
      hint: `Add one of: ${group.commands.map((command) => command.name()).join(', ')}.`,
    });
  });
}
