import type { Org } from '../org/org.ts';
import type { DescribeDocument } from '../schema/describe-document.ts';
import { IngestFailure } from './ingest-csv.ts';
import type { IngestJob } from './ingest-job.ts';

/**
 * Fails a job whose header names what its user does not see of the object, as Salesforce does before the first row:
 * a misspelt name, a hidden field, or the first one behind a byte order mark; and one that names a field twice, of
 * which nobody could say whose value counts.
 */
export function checkColumns(job: IngestJob, header: readonly string[], org: Org): void {
  const actor = { userId: job.createdById };
  const { document } = org.describe(actor, job.object);
  const seen = new Set<string>();
  for (const name of header) {
    if (seen.has(name.toLowerCase())) {
      throw new IngestFailure(`InvalidBatch : Field name specified more than once : ${name}`);
    }
    seen.add(name.toLowerCase());
    const [relationship = '', parentField] = name.split('.');
    const known =
      parentField === undefined
        ? fieldNamed(document, name) !== undefined
        : parentsOf(document, relationship).some(
            (parent) => fieldNamed(org.describe(actor, parent).document, parentField) !== undefined,
          );
    if (!known) throw new IngestFailure(`InvalidBatch : Field name not found : ${name}`);
  }
}

function fieldNamed({ fields }: DescribeDocument, name: string) {
  return fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
}

/** The objects that a relationship such as `Account` or `Parent__r` leads to. */
function parentsOf({ fields }: DescribeDocument, relationship: string): readonly string[] {
  const wanted = relationship.toLowerCase();
  return fields.find((field) => field.relationshipName?.toLowerCase() === wanted)?.referenceTo ?? [];
}
