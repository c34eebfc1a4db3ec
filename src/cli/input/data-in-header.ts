const valueForms = [
  /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?$/,
  /^\+?\(?\d[\d\s()./-]{5,}$/,
  /^00[1-9a-zA-Z][A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?$/,
];

/** Which fields an org has is asked later; one of these, or of a form that only names have, makes a header. */
const nameForms =
  /^(?:id|name|salutation|first ?name|last ?name|surname|e-?mail.*|phone|mobile ?phone|title|department|birthdate|description|account ?id|owner ?id|mailing\w*|other\w*|\w+__[cr]|\w+\.\w+)$/i;

/** The cell of a first line that holds a value, as where there is no header; null where some cell is a field's name. */
export function dataInHeader(cells: readonly string[]): string | null {
  if (cells.some((cell) => nameForms.test(cell))) return null;
  return cells.find((cell) => valueForms.some((form) => form.test(cell))) ?? null;
}
