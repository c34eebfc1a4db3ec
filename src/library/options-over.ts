import { AppError } from '../base/errors.ts';

/** All options of a call, those that were not asked for as in `usual`. A name that is none is an error, not a default. */
export function optionsOver<T extends object>(call: string, usual: T, asked: Partial<T> = {}): T {
  const all: T = { ...usual };
  for (const name of Object.keys(asked) as (keyof T & string)[]) {
    if (!Object.hasOwn(usual, name)) {
      throw new AppError('INVALID_INPUT', `${call} has no option ${name}.`, {
        hint: `Its options are ${Object.keys(usual).join(', ')}.`,
      });
    }
    const value = asked[name];
    if (value === undefined) continue;
    assertKind(name, usual[name], value);
    all[name] = value;
  }
  return all;
}

/** Programs without types have nobody else to tell them: the text "false" is true, and a text is no list of texts. */
function assertKind(name: string, usual: unknown, value: unknown): void {
  const wants = typeof usual === 'boolean' ? 'true or false' : Array.isArray(usual) ? 'an array' : null;
  const isKind = Array.isArray(usual) ? Array.isArray(value) : typeof value === typeof usual;
  if (wants === null || isKind) return;
  throw new AppError('INVALID_INPUT', `${name} is ${JSON.stringify(value) ?? typeof value}.`, {
    hint: `Give ${wants}.`,
  });
}

/** Throws AppError `INVALID_INPUT` where `value` is no whole number from `least` to `most`. */
export function wholeNumber(name: string, value: number, [least, most]: readonly [number, number]): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new AppError('INVALID_INPUT', `${name} is ${String(value)}.`, {
    hint: `Give a whole number from ${least} to ${most}.`,
  });
}

/** Throws AppError `INVALID_INPUT` where `value` is none of `choices`. */
export function oneOf<T extends string | null | undefined>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw new AppError('INVALID_INPUT', `${name} is ${JSON.stringify(value)}.`, {
    hint: `It is ${choices.map((choice) => JSON.stringify(choice)).join(', ')}.`,
  });
}

/** Throws AppError `INVALID_INPUT` where two options are asked for that exclude one another. */
export function notBoth(one: string, isOne: boolean, other: string, isOther: boolean): void {
  if (!isOne || !isOther) return;
  throw new AppError('INVALID_INPUT', `Both ${one} and ${other} are given.`, { hint: 'Give one of them.' });
}
