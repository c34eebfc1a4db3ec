import type {
  FunctionExp,
  HavingClause,
  LiteralType,
  Operator,
  Condition as ParsedCondition,
  Query,
  WhereClause,
} from '@jetstreamapp/soql-parser-js';
import { malformed, offsetOf, soqlFault } from './soql-fault.ts';

/** One comparison: what is compared (a field's path or a function), how, and with what. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly field: string | undefined;
  readonly fn: FunctionExp | undefined;
  readonly operator: Operator;
  readonly values: readonly { readonly text: string; readonly type: LiteralType }[];
  readonly subquery: Query | undefined;
}

/** A condition as a tree by precedence. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Condition[] }
  | { readonly kind: 'not'; readonly item: Condition }
  | Comparison;

type Token = '(' | ')' | 'NOT' | 'AND' | 'OR' | Comparison;

/**
 * The parser gives WHERE and HAVING as a list nested to the right, with counts of parentheses at each condition.
 * This makes the tree, and refuses what SOQL refuses: AND and OR mixed without parentheses (SOQL reference,
 * "Condition Expression Syntax").
 */
export function conditionTree(clause: WhereClause | HavingClause, query: string): Condition {
  const tokens = flatten(clause);
  let at = 0;

  const level = (): Condition => {
    const items = [term()];
    let operator: 'AND' | 'OR' | undefined;
    for (let token = tokens[at]; token === 'AND' || token === 'OR'; token = tokens[at]) {
      if (operator !== undefined && token !== operator) {
        throw soqlFault('MALFORMED_QUERY', query, offsetOf(query, token), `unexpected token: '${token}'`);
      }
      operator = token;
      at++;
      items.push(term());
    }
    return operator === undefined ? items[0]! : { kind: operator === 'AND' ? 'and' : 'or', items };
  };

  const term = (): Condition => {
    const token = tokens[at++];
    if (token === 'NOT') return { kind: 'not', item: term() };
    if (token === '(') {
      const inner = level();
      if (tokens[at++] !== ')') throw malformed("expecting a right parentheses, found '<EOF>'");
      return inner;
    }
    if (typeof token === 'object') return token;
    throw malformed(`unexpected token: '${token ?? '<EOF>'}'`);
  };

  const tree = level();
  if (at !== tokens.length) throw malformed(`unexpected token: '${String(tokens[at])}'`);
  return tree;
}

function flatten(clause: WhereClause | HavingClause): Token[] {
  const tokens: Token[] = [];
  let node: WhereClause | HavingClause | undefined = clause;
  while (node !== undefined) {
    const left = node.left;
    const open = left && 'openParen' in left ? (left.openParen ?? 0) : 0;
    for (let n = 0; n < open; n++) tokens.push('(');
    if (left && 'operator' in left) {
      tokens.push(comparison(left));
      const close = 'closeParen' in left ? (left.closeParen ?? 0) : 0;
      for (let n = 0; n < close; n++) tokens.push(')');
    }
    if (!('operator' in node)) break;
    tokens.push(node.operator);
    node = node.right;
  }
  return tokens;
}

type ParsedComparison = Exclude<ParsedCondition, { openParen: number; operator?: never }> & {
  operator: Operator;
  field?: string;
  fn?: FunctionExp;
  value?: string | string[];
  valueQuery?: Query;
  literalType?: LiteralType | LiteralType[];
};

function comparison(parsed: object): Comparison {
  const given = parsed as ParsedComparison;
  const texts = given.value === undefined ? [] : Array.isArray(given.value) ? given.value : [given.value];
  const types = given.literalType;
  return {
    kind: 'comparison',
    field: given.field,
    fn: given.fn,
    operator: given.operator.toUpperCase() as Operator,
    values: texts.map((text, index) => ({
      text,
      type: (Array.isArray(types) ? types[index] : types) ?? 'STRING',
    })),
    subquery: given.valueQuery,
  };
}
