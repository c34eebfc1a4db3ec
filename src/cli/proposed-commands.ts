import type { Command, Option } from 'commander';
import { childOf } from './command-words.ts';
import { shellQuote } from './completion/shell-quote.ts';

const tool = 'parahack-sync ';

/**
 * `text` with the org in each command that it proposes: those between backticks, or in double quotes and beginning with
 * the name of the program. A command that names an org already stays, as does one that takes none, and a bare name such
 * as `watch`, which is spoken of and not proposed. `program` tells what each command takes; `org` is as it is typed.
 */
export function proposeFor(text: string, org: string, program: Command): string {
  return text.replaceAll(/`([^`]+)`|"(parahack-sync [^"]+)"/g, (quoted, ticked?: string, named?: string) => {
    const span = ticked ?? named ?? '';
    const after = span.lastIndexOf(tool);
    // Others may stand before it, and take what it writes: `printf … | parahack-sync push -`.
    const begins = after < 0 ? 0 : after + tool.length;
    const pipe = span.indexOf(' | ', begins);
    const ends = pipe < 0 ? span.length : pipe;
    const words = span.slice(begins, ends).split(' ');
    if (after < 0 && words.length < 2) return quoted;
    const told = withOrg(words, word(org), program);
    return `${quoted[0]}${span.slice(0, begins)}${told.join(' ')}${span.slice(ends)}${quoted[0]}`;
  });
}

function withOrg(words: readonly string[], org: string, program: Command): readonly string[] {
  const { command, rest } = commandOf(words, program);
  if (command === program) return words;
  if (command.options.some(({ long }) => long === '--org'))
    return rest.some((each) => /^--org(?:=|$)/.test(each)) ? words : [...words, '--org', org];
  const [first] = command.registeredArguments;
  // A watch is of all orgs; what makes one cycle may be of one.
  if (first?.name() !== 'org' || (command.name() === 'watch' && !rest.includes('--once'))) return words;
  const path = words.slice(0, words.length - rest.length);
  const at = argumentsOf(rest, [...command.options, ...program.options]);
  if (at[0] === undefined) return [...path, org, ...rest];
  return rest[at[0]] === 'ORG' ? [...path, ...rest.with(at[0], org)] : words;
}

function commandOf(
  words: readonly string[],
  program: Command,
): { command: Command; rest: readonly string[] } {
  let command = program;
  let at = 0;
  for (; at < words.length; at++) {
    const child = childOf(command, words[at]!);
    if (child === undefined) break;
    command = child;
  }
  return { command, rest: words.slice(at) };
}

/** Where in `words` arguments stand: what is neither an option nor its value. */
function argumentsOf(words: readonly string[], options: readonly Option[]): number[] {
  const places: number[] = [];
  for (let at = 0; at < words.length; at++) {
    const each = words[at]!;
    if (!each.startsWith('-')) places.push(at);
    else if (options.some(({ required, short, long }) => required && [short, long].includes(each))) at++;
  }
  return places;
}

function word(org: string): string {
  return /^[\w.:/@+-]+$/.test(org) ? org : shellQuote(org);
}
