/** What a column of JSON holds; undefined where it is none: whoever asks for it knows what follows, and says so. */
export function storedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
