import { type Field, quoted } from '../schema/field.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import type { Schema } from '../schema/schema.ts';
import { textConstant } from './sql.ts';

/**
 * A formula field as SQL over a table's alias. Understood are text constants, fields, parents' fields
 * (`Account.Name`) and UPPER, LOWER and LEN of them, joined by `&`; a formula beyond that is null.
 */
export function formulaSql(field: Field, object: ObjectSchema, schema: Schema, alias: string): string {
  const formula = field.document.calculatedFormula;
  if (typeof formula !== 'string') return 'null';
  const terms = formula.match(/"(?:[^"\\]|\\.)*"|&|[^&"\s]+/g) ?? [];
  const pieces: string[] = [];
  for (const [index, term] of terms.entries()) {
    if (index % 2 === 1) {
      if (term !== '&') return 'null';
      continue;
    }
    const piece = termSql(term, object, schema, alias);
    if (piece === undefined) return 'null';
    pieces.push(piece);
  }
  if (pieces.length === 0 || terms.length % 2 === 0) return 'null';
  if (pieces.length === 1) return pieces[0]!;
  // Blank parts add nothing, and a text of blanks alone is null.
  return `nullif(concat(${pieces.join(', ')}), '')`;
}

function termSql(term: string, object: ObjectSchema, schema: Schema, alias: string): string | undefined {
  if (term.startsWith('"')) return textConstant(term.slice(1, -1).replaceAll(/\\(.)/g, '$1'));
  const call = /^(UPPER|LOWER|LEN)\((.+)\)$/i.exec(term);
  if (call) {
    const inner = termSql(call[2]!, object, schema, alias);
    const name = { UPPER: 'upper', LOWER: 'lower', LEN: 'length' }[call[1]!.toUpperCase()];
    return inner === undefined ? undefined : `${name}(${inner})`;
  }
  const path = term.split('.');
  const own = path.length === 1 ? object.field(path[0]!) : undefined;
  if (own && own.storage !== 'formula' && own.storage !== 'compound') return `${alias}.${quoted(own.name)}`;
  const reference = path.length === 2 ? object.relationship(path[0]!) : undefined;
  const parent = reference && schema.find(reference.document.referenceTo[0] ?? '');
  const column = parent?.field(path[1]!);
  if (!reference || !parent || !column || column.storage === 'formula' || column.storage === 'compound') {
    return undefined;
  }
  return `(select p.${quoted(column.name)} from ${quoted(parent.name)} p where p."Id" = ${alias}.${quoted(reference.name)})`;
}

/** Whether a formula field reads another field, of its own object or of a parent. */
export function formulaUses(formula: Field, object: ObjectSchema, schema: Schema, field: Field): boolean {
  const { calculatedFormula } = formula.document;
  if (formula.storage !== 'formula' || typeof calculatedFormula !== 'string') return false;
  const paths = calculatedFormula.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/[A-Za-z]\w*(?:\.\w+)*/g) ?? [];
  return paths.some((path) => {
    const [first = '', second, ...rest] = path.split('.');
    if (second === undefined) return object.field(first) === field;
    const reference = rest.length === 0 ? object.relationship(first) : undefined;
    const parent = reference && schema.find(reference.document.referenceTo[0] ?? '');
    return reference === field || (parent !== undefined && parent.field(second) === field);
  });
}
