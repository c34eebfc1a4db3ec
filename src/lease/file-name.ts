/** Names may hold host names, ports and ids; whatever a file system could misread is escaped. */
export function fileNameOf(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, (c) => `%${c.codePointAt(0)?.toString(16)}`);
}
