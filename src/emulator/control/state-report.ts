import type { Emulation } from './emulation.ts';

/** `GET /__emulator/state`. */
export function stateReport({ org, oauth, calls, usage, settings, cursors, faults }: Emulation) {
  const { live, deleted, purged, openTransactions } = org.control.counts();
  const now = org.clock.now();
  return {
    orgId: org.id,
    clock: new Date(now).toISOString(),
    clockMs: now,
    live,
    deleted,
    purged,
    contacts: { live, deleted, purged },
    objects: org.control.rowCounts(),
    openTransactions,
    sessions: oauth.sessions.size,
    refreshTokens: oauth.families.size,
    openCursors: cursors.openCount,
    faults: faults.pending.length,
    apiRequests: { used: usage.used(), max: settings.dailyLimit },
    callsTotal: calls.total,
    calls: calls.routes(),
  };
}
