import { NumberText } from '../../base/number-text.ts';
import { isFieldHeader } from './csv-columns.ts';
import { clearsField } from './csv-records.ts';
import { longestCell } from './csv-rows.ts';

/** A value that CSV has no word for. */
export interface LostCell {
  /** The record's own name for it. */
  field: string;
  /** What it is, for a person. */
  why: string;
}

/**
 * Records in the words of the CSV that is pushed: what clears a field is `#N/A`, what is not there an empty cell, and a
 * nested parent a column of its own, `Account.Key__c`. What would be read as something else is left empty and told.
 */
export class RejectCells {
  readonly #decimalComma: boolean;
  /** By the name as the readers compare it, as the first record has it. */
  readonly #names = new Map<string, string>();

  /** `decimalComma`: the file will be read with decimal commas. */
  constructor({ decimalComma }: { decimalComma: boolean }) {
    this.#decimalComma = decimalComma;
  }

  /** Makes columns for what this record has; returns what cannot be in one. */
  note(fields: Readonly<Record<string, unknown>>): LostCell[] {
    const { cells, lost } = this.#cellsOf(fields);
    for (const [key, { name }] of cells) if (!this.#names.has(key)) this.#names.set(key, name);
    return lost;
  }

  names(): string[] {
    return [...this.#names.values()];
  }

  /** A cell for each of the names; undefined is an empty one. */
  rowOf(fields: Readonly<Record<string, unknown>>): {
    cells: (string | number | null | undefined)[];
    lost: LostCell[];
  } {
    const { cells, lost } = this.#cellsOf(fields);
    return { cells: [...this.#names.keys()].map((key) => cells.get(key)?.cell), lost };
  }

  #cellsOf(fields: Readonly<Record<string, unknown>>) {
    const cells = new Map<string, { name: string; cell: string }>();
    const lost: LostCell[] = [];
    for (const [given, value] of membersOf(fields)) {
      const name = given.trim();
      const key = name.toLowerCase();
      const why = !isFieldHeader(name)
        ? 'under a name that no column can have'
        : cells.has(key)
          ? 'given twice'
          : this.#whyLost(value);
      if (why !== null) lost.push({ field: shown(given), why });
      else cells.set(key, { name, cell: key === 'id' && isBlank(value) ? '' : cellOf(value) });
    }
    return { cells, lost };
  }

  /** Null: a cell says it. */
  #whyLost(value: unknown): string | null {
    if (value === null || value === undefined || typeof value === 'boolean') return null;
    if (typeof value === 'number' || value instanceof NumberText) {
      const hasPoint = this.#decimalComma && String(value).includes('.');
      return hasPoint ? `${value}, with a point among decimal commas` : null;
    }
    if (typeof value !== 'string') return 'a list or an object';
    if (clearsField(value)) return `the text ${shown(value.trim())}, which clears a field there`;
    if (value.includes('\0')) return 'a text with a NUL';
    if (!value.isWellFormed()) return 'a text with half of a character';
    if (value.length > longestCell) return 'too long a text';
    return isBlank(value) && !isEmpty.test(value) ? 'a text of blanks that are none to Salesforce' : null;
  }
}

/** As Salesforce trims it: what is left of such a text is nothing. A no-break space for one stays. */
const isEmpty = /^[\t\n\v\f\r ]*$/;

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && value.trim() === '');
}

function cellOf(value: unknown): string {
  return isBlank(value) ? '#N/A' : String(value);
}

/** A parent that is named by one of its fields, as the column that CSV has for it. */
function membersOf(fields: Readonly<Record<string, unknown>>): [name: string, value: unknown][] {
  return Object.entries(fields).map(([name, value]) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [name, value];
    if (value instanceof NumberText) return [name, value];
    const [only, ...more] = Object.entries(value).filter(([key]) => key !== 'attributes' && key !== 'type');
    return only === undefined || more.length > 0 ? [name, value] : [`${name}.${only[0]}`, only[1]];
  });
}

const shownCharacters = 80;

function shown(text: string): string {
  return text.slice(0, shownCharacters);
}
