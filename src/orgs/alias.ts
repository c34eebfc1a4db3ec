import { AppError } from '../base/errors.ts';

/** Aliases hold no dots, colons or at-signs, so that none can be taken for a host, a URL or a username. */
const aliasForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** Throws AppError `INVALID_INPUT` for what cannot be an alias. */
export function checkAlias(alias: string): string {
  if (aliasForm.test(alias)) return alias;
  throw new AppError('INVALID_INPUT', `"${alias}" cannot be an alias.`, {
    hint: 'Use letters, digits, "-" and "_", at most 63 of them, beginning with a letter or digit.',
  });
}
