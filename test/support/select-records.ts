/** A record as its org's JSON has it. */
export type OrgRecord = Record<string, unknown>;

/** A value as SOQL and CSV write it; null where there is none. */
export function cellOf(value: unknown): string | null {
  return value === null || value === undefined || value === '' ? null : String(value);
}

/**
 * What a query of sync finds: fields of one object, conditions joined by AND, an order of up to two fields, a limit.
 * Throws what it does not understand.
 */
export function selected(
  all: Iterable<OrgRecord>,
  soql: string,
  withDeleted: boolean,
): { fields: string[]; rows: OrgRecord[] } {
  const parts = /^SELECT (.+?) FROM \w+(?: WHERE (.+?))?(?: ORDER BY ([\w, ]+?))?(?: LIMIT (\d+))?$/.exec(
    soql,
  );
  if (parts === null) throw new Error(`This org does not understand ${soql}`);
  const [, fields = '', where, order, limit] = parts;
  const conditions = where === undefined ? [] : splitByAnd(where).map(conditionOf);
  const found = [...all].filter(
    (row) => (withDeleted || row.IsDeleted !== true) && conditions.every((holds) => holds(row)),
  );
  for (const name of order?.split(/, ?/).toReversed() ?? []) {
    found.sort((a, b) => compare(comparable(a[name]), comparable(b[name])));
  }
  return {
    fields: fields.split(/, ?/),
    rows: found.slice(0, limit === undefined ? undefined : Number(limit)),
  };
}

type Condition = (row: OrgRecord) => boolean;

/** Not within brackets. */
function splitByAnd(where: string): string[] {
  return where.split(/ AND (?![^(]*\))/);
}

function conditionOf(text: string): Condition {
  const either = /^\((\w+) > (\S+) OR \(\1 = \2 AND Id > '(\w+)'\)\)$/.exec(text);
  if (either !== null) {
    const [, name = '', stamp = '', id = ''] = either;
    const key = comparable(stamp);
    return (row) => {
      const order = compare(comparable(row[name]), key);
      return order > 0 || (order === 0 && String(row.Id) > id);
    };
  }
  const among = /^(\w+) IN \((.+)\)$/.exec(text);
  if (among !== null) {
    const [, name = '', list = ''] = among;
    const values = list.split(',').map((value) => unquoted(value.trim()));
    return (row) => values.includes(cellOf(row[name]) ?? '');
  }
  const [, name = '', operator = '', value = ''] = /^(\w+) (=|<|<=|>|>=) (.+)$/.exec(text) ?? [];
  const given = comparable(unquoted(value));
  const holds: Record<string, (order: number) => boolean> = {
    '=': (order) => order === 0,
    '<': (order) => order < 0,
    '<=': (order) => order <= 0,
    '>': (order) => order > 0,
    '>=': (order) => order >= 0,
  };
  const wanted = holds[operator];
  if (wanted === undefined) throw new Error(`This org does not understand ${text}`);
  return (row) => wanted(compare(comparable(row[name]), given));
}

function unquoted(text: string): string {
  return text.replace(/^'(.*)'$/, '$1').replace(/\\(.)/g, '$1');
}

/** Times in one form, whatever they are written in. */
function comparable(value: unknown): string {
  const text = cellOf(value) ?? '';
  return /^\d{4}-\d\d-\d\dT/.test(text) ? new Date(text).toISOString() : text;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
