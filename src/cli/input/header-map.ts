/** One line of a mapping: the input's own name for a column (or a member of JSON), and the field it is read as. */
export interface MapEntry {
  header: string;
  /** Null drops the column. */
  field: string | null;
  /** The file that it stands in; null for one from the command line. */
  file: string | null;
}

/** What `--map` asks for. Remembers which entries met a header. */
export interface HeaderMap {
  /**
   * The entry for a header: of the very same name, else of the same but for case and blanks, unless that one is the
   * very name of another header in `all`; null where there is none.
   */
  entryOf(header: string, all?: ReadonlySet<string>): MapEntry | null;
  /**
   * Whether some entry reads a column as the field `header`, in an input whose names have been mapped already: there it is
   * that field, also where it is another one's header.
   */
  isTarget(header: string): boolean;
  /** Whether some input was. */
  readonly wasMapped: boolean;
  /** Entries that no header met, unless their field is a header itself, as in a rejects file of the first push. */
  unused(): MapEntry[];
  /** The fields that entries name. */
  fields: ReadonlySet<string>;
}

/** Entries of the command line go before those of files, later files before earlier ones. */
export function createHeaderMap(entries: readonly MapEntry[]): HeaderMap {
  const exact = new Map<string, MapEntry>();
  const loose = new Map<string, MapEntry | null>();
  for (const entry of entries) {
    const former = exact.get(entry.header);
    if (former !== undefined && former.file === null && entry.file !== null) continue;
    exact.set(entry.header, entry);
  }
  for (const entry of exact.values()) {
    const name = looseName(entry.header);
    // Of two that differ by case alone, neither is meant by a third.
    loose.set(name, loose.has(name) ? null : entry);
  }
  const fields = new Set([...exact.values()].flatMap(({ field }) => (field === null ? [] : [field])));
  const targets = new Set([...fields].map((field) => field.toLowerCase()));
  let wasMapped = false;
  const used = new Set<MapEntry>();
  const met = new Set<string>();
  return {
    entryOf(header, all) {
      const alike = loose.get(looseName(header)) ?? null;
      const entry = exact.get(header) ?? (alike !== null && all?.has(alike.header) ? null : alike);
      if (entry !== null) used.add(entry);
      // An input with a new name in every record must not fill the memory.
      else if (met.size < 10_000) met.add(looseName(header));
      return entry;
    },
    isTarget(header) {
      wasMapped = true;
      const isTarget = targets.has(header.trim().toLowerCase());
      if (isTarget) met.add(looseName(header));
      return isTarget;
    },
    get wasMapped() {
      return wasMapped;
    },
    fields,
    unused: () =>
      [...exact.values()].filter(
        (entry) => !used.has(entry) && !(entry.field !== null && met.has(looseName(entry.field))),
      ),
  };
}

function looseName(header: string): string {
  return header.replace(/\s+/g, '').toLowerCase();
}
