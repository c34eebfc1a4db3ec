import { AppError } from '../../base/errors.ts';

/** Where in the input something stands; what is not known is left out. */
export interface InputPlace {
  /** File name as given, `-` for standard input. */
  source: string;
  /** From 1. */
  line?: number;
  /** Character of the line in JSON, cell of the row in CSV; from 1. */
  column?: number;
  /** Number of the record within its source, from 0. */
  index?: number;
}

/** An AppError `INVALID_INPUT` that names the place as people count: line, column and record from 1. */
export function inputFault(
  place: InputPlace,
  reason: string,
  hint: string,
  options: { cause?: unknown } = {},
): AppError {
  const { source, line, column, index } = place;
  const parts = [
    source,
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(column === undefined ? [] : [`column ${column}`]),
  ];
  const record = index === undefined ? '' : ` (record ${index + 1})`;
  return new AppError('INVALID_INPUT', `${parts.join(', ')}${record}: ${reason}.`, {
    hint: `Nothing was sent. ${hint}`,
    details: { source, line: line ?? null, column: column ?? null, index: index ?? null },
    ...options,
  });
}
