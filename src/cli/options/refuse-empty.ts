import { type Command, InvalidArgumentError } from 'commander';

/**
 * No option of `command`, nor of a command of it, takes an empty value: `"$UNSET"` in a script would else mean the current
 * folder, or every org. It is a usage error like any other.
 */
export function refuseEmptyValues(command: Command): void {
  for (const option of command.options) {
    if (!option.required) continue;
    const { parseArg } = option;
    option.argParser((value, previous: unknown) => {
      if (value.trim() === '')
        throw new InvalidArgumentError('It is empty: give a value, or leave the option out.');
      return parseArg === undefined ? value : parseArg(value, previous);
    });
  }
  for (const each of command.commands) refuseEmptyValues(each);
}
