import { parse } from 'csv-parse/sync';
import type { BulkFormat } from '../org/org.ts';
import { delimiterChars, lineEndingChars } from './job-format.ts';

export interface CsvTable {
  header: string[];
  rows: string[][];
}

/** A refusal of the whole upload, in the words of a failed job's errorMessage. */
export class IngestFailure extends Error {}

/**
 * Parses uploaded data as its job declares it; lines that end otherwise fail the job. Without a `lineEnding` lines
 * end as they do. A byte order mark stays what it is for Salesforce: a part of the first name.
 */
export function parseUpload(
  data: Buffer,
  format: Pick<BulkFormat, 'columnDelimiter'> & { lineEnding: BulkFormat['lineEnding'] | undefined },
): CsvTable {
  const text = data.toString('utf8');
  if (text.trim() === '') return { header: [], rows: [] };
  const { lineEnding } = format;
  if (lineEnding !== undefined) checkLineEnding(text, lineEnding);
  let records: string[][];
  try {
    records = parse(text, {
      delimiter: delimiterChars[format.columnDelimiter],
      ...(lineEnding === undefined ? {} : { record_delimiter: lineEndingChars[lineEnding] }),
      skip_empty_lines: true,
      relax_column_count: true,
    });
  } catch (error) {
    throw new IngestFailure(
      `InvalidBatch : Failed to parse CSV: ${error instanceof Error ? error.message : ''}`,
    );
  }
  const [header = [], ...rows] = records;
  const wrong = rows.findIndex((row) => row.length !== header.length);
  if (wrong >= 0) {
    throw new IngestFailure(
      `InvalidBatch : Row ${wrong + 2} has ${rows[wrong]?.length} columns, the header has ${header.length}`,
    );
  }
  return { header: header.map((name) => name.replaceAll(/^[ \t]+|[ \t]+$/g, '')), rows };
}

function checkLineEnding(text: string, lineEnding: BulkFormat['lineEnding']): void {
  const end = text.indexOf('\n');
  if (end < 0) return;
  const isCrlf = text[end - 1] === '\r';
  if (isCrlf !== (lineEnding === 'CRLF')) {
    throw new IngestFailure(
      `ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is ${lineEnding}`,
    );
  }
}

/** One line of a result file, every value quoted. */
export function csvLine(values: readonly string[], format: BulkFormat): string {
  const quoted = values.map((value) => `"${value.replaceAll('"', '""')}"`);
  return quoted.join(delimiterChars[format.columnDelimiter]) + lineEndingChars[format.lineEnding];
}
