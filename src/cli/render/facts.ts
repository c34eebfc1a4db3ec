import { printableLine } from '../../base/printable.ts';
import type { Style } from '../ink.ts';
import { displayWidth } from './display-width.ts';

/** Names and values, one a line, the values in one column. */
export function renderFacts(
  facts: readonly (readonly [name: string, value: string])[],
  style: Style,
): string {
  const width = Math.max(0, ...facts.map(([name]) => displayWidth(name)));
  return facts
    .map(([name, value]) => {
      const padded = name + ' '.repeat(width - displayWidth(name));
      return `  ${style.dim(padded)}  ${printableLine(value)}\n`;
    })
    .join('');
}
