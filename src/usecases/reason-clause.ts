/** A sentence as what may follow "because". */
export function reasonClause(sentence: string): string {
  return sentence.replace(/^The /, 'the ').replace(/\.$/, '');
}
