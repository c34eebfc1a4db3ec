import { shellQuote } from '../completion/shell-quote.ts';

/** What stands for an input in a proposed command of another program. */
export function fileWord(source: string): string {
  return source === '-' ? 'FILE' : shellQuote(source);
}
