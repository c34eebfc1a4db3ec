/** The end of a command's help: what people type. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ parahack-sync ${line}`).join('\n')}`;
}
