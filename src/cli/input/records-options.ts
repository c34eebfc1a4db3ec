import type { HeaderMap } from './header-map.ts';
import type { InputNotes } from './input-notes.ts';

/** What the readers of one source are given beside its text. */
export interface RecordsOptions {
  source: string;
  map: HeaderMap;
  notes: InputNotes;
}
