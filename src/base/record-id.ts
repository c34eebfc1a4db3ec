/** Ids come with 15 or with 18 characters; the last three are only a checksum of the others' case. */
export function sameId(a: string, b: string): boolean {
  return a.slice(0, 15) === b.slice(0, 15);
}
