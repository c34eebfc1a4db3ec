/** What `push` reads; `auto` looks at the first character. */
export const inputFormats = ['auto', 'json', 'ndjson', 'csv'] as const;
export type InputFormat = (typeof inputFormats)[number];
