import type { Chunk } from './chunk.ts';

/**
 * Bulk jobs that are open at once: Salesforce works on some side by side while the pages of the first are read, and an
 * interrupted copy leaves no more of them. Fifty million contacts are two hundred jobs, which would take all places that
 * an org has for the jobs of everybody.
 */
const mostOpenJobs = 10;

/** The spans for which a job may be made now, in their order. Pure. */
export function nextSpans(pending: readonly Chunk[]): Chunk<'bulk-span'>[] {
  const jobs = new Set<string>();
  const waiting: Chunk<'bulk-span'>[] = [];
  let lost = 0;
  for (const chunk of pending) {
    if (chunk.kind === 'bulk-page' || chunk.kind === 'bulk-job') jobs.add(chunk.spec.jobId);
    if (chunk.kind !== 'bulk-span') continue;
    if (chunk.position !== null) jobs.add(chunk.position.jobId);
    // Whoever has lost its job makes another.
    else if (chunk.spec.attempt > 0) lost++;
    else waiting.push(chunk);
  }
  return waiting.slice(0, Math.max(0, mostOpenJobs - jobs.size - lost));
}

/** What is read now: all but the spans whose job is to be made later. Pure. */
export function withinOpenJobs(pending: readonly Chunk[]): Chunk[] {
  const next = new Set<Chunk>(nextSpans(pending));
  const isLater = (chunk: Chunk) =>
    chunk.kind === 'bulk-span' && chunk.position === null && chunk.spec.attempt === 0 && !next.has(chunk);
  return pending.filter((chunk) => !isLater(chunk));
}
