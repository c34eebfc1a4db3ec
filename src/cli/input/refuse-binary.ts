import { inputFault } from './input-fault.ts';

interface BinaryKind {
  magic: readonly number[];
  is: string;
  hint: string;
}

const saveAsCsv = 'Open it and save it as "CSV UTF-8", then push that file.';
const kinds: readonly BinaryKind[] = [
  {
    magic: [0x50, 0x4b, 0x03, 0x04],
    is: 'an Excel workbook, or another zip file, not text',
    hint: saveAsCsv,
  },
  { magic: [0xd0, 0xcf, 0x11, 0xe0], is: 'an Excel workbook of the old kind, not text', hint: saveAsCsv },
  {
    magic: [0x1f, 0x8b],
    is: 'compressed (gzip)',
    hint: 'Unpack it first: gunzip -c FILE | parahack-sync push -',
  },
  {
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    is: 'compressed (zstd)',
    hint: 'Unpack it first: zstd -dc FILE | parahack-sync push -',
  },
  { magic: [0x25, 0x50, 0x44, 0x46], is: 'a PDF, not text', hint: 'Contacts are CSV, JSON or NDJSON.' },
];

/** As many bytes as `refuseBinary` looks at. */
export const magicBytes = 4;

/** Throws `INVALID_INPUT` where the first bytes are those of a file that people mistake for its text. */
export function refuseBinary(head: Uint8Array, source: string): void {
  const kind = kinds.find(({ magic }) => magic.every((byte, at) => head[at] === byte));
  if (kind === undefined) return;
  throw inputFault({ source }, `this is ${kind.is}`, kind.hint.replace('FILE', source));
}
