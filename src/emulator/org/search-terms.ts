import { OrgFault } from '../schema/fault.ts';

/** What a search looks for, as a tree over single words and phrases (SOSL reference, FIND {SearchQuery}). */
export type SearchTerms =
  | { readonly kind: 'phrase'; readonly words: readonly Word[] }
  | { readonly kind: 'and' | 'or' | 'and not'; readonly left: SearchTerms; readonly right: SearchTerms };

/** One word of a phrase, in lower case. */
interface Word {
  /** Letters and digits, `*` and `?`. */
  readonly pattern: readonly string[];
  /** For LIKE: whatever it matches, this matches too. */
  readonly like: string;
}

type Token = { readonly kind: 'operator' | '(' | ')'; readonly text: string } | PhraseToken;
interface PhraseToken {
  readonly kind: 'phrase';
  readonly words: readonly Word[];
}

export function badSearch(message: string): OrgFault {
  return new OrgFault('MALFORMED_SEARCH', message);
}

/**
 * Reads what stands in FIND's braces: words with `*` and `?`, phrases in double quotes, AND, OR and AND NOT in any
 * case, evaluated from left to right, and parentheses. Words without an operator between them must all be there.
 */
export function parseSearchTerms(text: string): SearchTerms {
  const tokens = tokensOf(text);
  const letters = tokens.flatMap((token) => (token.kind === 'phrase' ? token.words : []));
  if (letters.map(({ like }) => like.replaceAll(/[%_\\]/g, '')).join('').length < 2) {
    throw badSearch('search term must be longer than one character');
  }
  const reader = { tokens, at: 0 };
  const terms = readTerms(reader);
  if (reader.at < tokens.length) throw badSearch("unexpected token: ')'");
  return terms;
}

/** The words of a stored text, as the search index keeps them: split at blanks and punctuation. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(wordParts) ?? [];
}

const wordParts = /[\p{L}\p{N}\p{M}]+/gu;

/** Whether the texts of a row's fields, each as its words, are what is looked for. */
export function isFound(terms: SearchTerms, texts: readonly (readonly string[])[]): boolean {
  switch (terms.kind) {
    case 'and':
      return isFound(terms.left, texts) && isFound(terms.right, texts);
    case 'or':
      return isFound(terms.left, texts) || isFound(terms.right, texts);
    case 'and not':
      return isFound(terms.left, texts) && !isFound(terms.right, texts);
    case 'phrase':
      return texts.some((words) =>
        words.some((_, start) =>
          terms.words.every(({ pattern }, at) => isLike([...(words[start + at] ?? '')], pattern)),
        ),
      );
  }
}

/** Whether a word is what a pattern says; of several `*` only the last is tried anew, so that it takes no time. */
function isLike(word: readonly string[], pattern: readonly string[]): boolean {
  let at = 0;
  let patternAt = 0;
  let last: { patternAt: number; at: number } | undefined;
  while (at < word.length) {
    const wanted = pattern[patternAt];
    if (wanted === '*') {
      last = { patternAt, at };
      patternAt++;
    } else if (wanted === '?' || wanted === word[at]) {
      at++;
      patternAt++;
    } else if (last) {
      last.at++;
      at = last.at;
      patternAt = last.patternAt + 1;
    } else return false;
  }
  return pattern.slice(patternAt).every((char) => char === '*');
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const parts = /\s+|[()]|"((?:\\.|[^"\\])*)"|((?:\\.|[^\s()"\\])+)/gsy;
  let end = 0;
  for (const match of text.matchAll(parts)) {
    end = match.index + match[0].length;
    const [whole, quoted, bare] = match;
    if (whole.trim() === '') continue;
    if (whole === '(' || whole === ')') tokens.push({ kind: whole, text: whole });
    else if (bare !== undefined && /^(and|or|not)$/i.test(bare)) {
      tokens.push({ kind: 'operator', text: bare.toUpperCase() });
    } else {
      const words = phraseWords(quoted ?? bare ?? '');
      if (words.length > 0) tokens.push({ kind: 'phrase', words });
    }
  }
  if (end < text.length) throw badSearch(`unexpected token: '${text.slice(end)}'`);
  return tokens;
}

/** A backslash makes the next character plain; what is plain and neither letter nor digit parts words. */
function phraseWords(text: string): Word[] {
  const words: Word[] = [];
  let pattern: string[] = [];
  const finish = () => {
    const like = pattern.join('').replaceAll('*', '%').replaceAll('?', '_');
    if (/[^%_]/.test(like)) words.push({ like, pattern });
    pattern = [];
  };
  for (const [part] of text.toLowerCase().matchAll(/\\.|./gsu)) {
    const char = part.startsWith('\\') ? part.slice(1) : part;
    if (part === '*' || part === '?' || /[\p{L}\p{N}\p{M}]/u.test(char)) pattern.push(char);
    else finish();
  }
  finish();
  return words;
}

interface Reader {
  readonly tokens: readonly Token[];
  at: number;
}

function readTerms(reader: Reader): SearchTerms {
  let left = readTerm(reader);
  for (;;) {
    const next = reader.tokens[reader.at];
    if (next === undefined || next.kind === ')') return left;
    let kind: 'and' | 'or' | 'and not' = 'and';
    if (next.kind === 'operator') {
      reader.at++;
      kind = next.text === 'OR' ? 'or' : 'and';
      const negated = reader.tokens[reader.at];
      if (next.text === 'AND' && negated?.kind === 'operator' && negated.text === 'NOT') {
        reader.at++;
        kind = 'and not';
      }
      if (next.text === 'NOT') throw badSearch("unexpected token: 'NOT'");
    }
    left = { kind, left, right: readTerm(reader) };
  }
}

function readTerm(reader: Reader): SearchTerms {
  const token = reader.tokens[reader.at++];
  if (token?.kind === 'phrase') return token;
  if (token?.kind !== '(') throw badSearch(`unexpected token: '${token?.text ?? '}'}'`);
  const inner = readTerms(reader);
  if (reader.tokens[reader.at++]?.kind !== ')') throw badSearch("expecting ')'");
  return inner;
}
