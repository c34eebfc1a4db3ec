import { InvalidArgumentError } from 'commander';

/**
 * Option values by commas and repetition: `--fields A,B --fields C` → A, B, C. An empty one (a shell variable that
 * is not set, say) is refused, for it would mean "none" where nothing was meant.
 */
export function collectList(value: string, earlier: readonly string[] = []): string[] {
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0)
    throw new InvalidArgumentError('It is empty: give at least one, or leave the option out.');
  return [...earlier, ...items];
}
