/** Option values by commas and repetition: `--fields A,B --fields C` → A, B, C. */
export function collectList(value: string, earlier: readonly string[] = []): string[] {
  const items = value.split(',').map((item) => item.trim());
  return [...earlier, ...items.filter((item) => item !== '')];
}
