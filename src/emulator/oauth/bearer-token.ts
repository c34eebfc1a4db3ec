/** The token of `Authorization: Bearer …` or `OAuth …`; undefined for other schemes and none. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^\s*(?:Bearer|OAuth)\s+(\S+)\s*$/i.exec(header ?? '')?.[1];
}
