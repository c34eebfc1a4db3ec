import { AppError } from '../base/errors.ts';
import { callOptionKinds, type OptionKinds } from './option-kinds.ts';

/**
 * All options of a call, those that were not asked for as in `usual`. A name that is none, or a value of another kind, is
 * an error and not a default: programs without types have nobody else to tell them. null counts where it is usual.
 */
export function optionsOver<T extends object>(
  call: string,
  usual: T,
  asked: Partial<T> = {},
  kinds: OptionKinds = callOptionKinds,
): T {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) {
    throw new AppError('INVALID_INPUT', `The options of ${call} are ${nameOfKind(asked)}.`, {
      hint: `Give an object, such as { ${Object.keys(usual)[0]}: … }.`,
    });
  }
  const all: T = { ...usual };
  for (const name of Object.keys(asked) as (keyof T & string)[]) {
    if (!Object.hasOwn(usual, name)) {
      throw new AppError('INVALID_INPUT', `${call} has no option ${name}.`, {
        hint: `Its options are ${Object.keys(usual).join(', ')}.`,
      });
    }
    const value = asked[name];
    if (value === undefined) continue;
    const kind = kinds[name];
    if (kind === undefined) throw new Error(`The kind of ${name} is not known.`);
    if (!kind.is(value) && !(value === null && usual[name] === null)) {
      // What it is, and not the value: it may be a secret.
      throw new AppError('INVALID_INPUT', `${name} of ${call} is ${nameOfKind(value)}.`, {
        hint: `Give ${kind.wants}.`,
      });
    }
    all[name] = value;
  }
  return all;
}

function nameOfKind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty array' : `an array with ${nameOfKind(value[0])}`;
  const type = typeof value;
  return type === 'string' ? 'a text' : `${type === 'object' ? 'an' : 'a'} ${type}`;
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

/** Throws AppError `INVALID_INPUT` where an option that has no default is left out. */
export function given(call: string, name: string, value: unknown, wants: string): void {
  if (value !== undefined) return;
  throw new AppError('INVALID_INPUT', `${call} needs ${name}.`, { hint: `Give ${wants}.` });
}

/** Throws AppError `INVALID_INPUT` where two options are asked for that exclude one another. */
export function notBoth(one: string, isOne: boolean, other: string, isOther: boolean): void {
  if (!isOne || !isOther) return;
  throw new AppError('INVALID_INPUT', `Both ${one} and ${other} are given.`, { hint: 'Give one of them.' });
}
