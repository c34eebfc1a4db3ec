import type { ChalkInstance } from 'chalk';
import { displayWidth, singleLine } from './display-width.ts';

/** Names and values, one a line, the values in one column. */
export function renderFacts(
  facts: readonly (readonly [name: string, value: string])[],
  style: ChalkInstance,
): string {
  const width = Math.max(0, ...facts.map(([name]) => displayWidth(name)));
  return facts
    .map(([name, value]) => {
      const padded = name + ' '.repeat(width - displayWidth(name));
      return `  ${style.dim(padded)}  ${singleLine(value)}\n`;
    })
    .join('');
}
