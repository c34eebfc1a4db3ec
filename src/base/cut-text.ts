/** `text` as it is, or its first `most` characters and how many were left out. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  // Half of a pair of surrogates would be no character.
  const kept = text.slice(0, most).replace(/[\ud800-\udbff]$/, '');
  return `${kept}… (${text.length - kept.length} more characters)`;
}
