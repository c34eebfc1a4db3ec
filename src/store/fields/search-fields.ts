const textFields = new Set(['FirstName', 'LastName', 'Name', 'Email']);

export interface SearchField {
  name: string;
  isPhone: boolean;
}

/** The columns that `contacts search` looks into. */
export function searchFields(columns: readonly { name: string; type: string }[]): SearchField[] {
  return columns
    .filter(({ name, type }) => textFields.has(name) || type === 'email' || type === 'phone')
    .map(({ name, type }) => ({ name, isPhone: type === 'phone' }));
}
