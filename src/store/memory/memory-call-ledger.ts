import { mostAheadMs } from '../../base/clock-ahead.ts';
import type {
  AskedRest,
  CallLedger,
  CallsWanted,
  ReportedUsage,
  SlotCalls,
  SlotSpan,
  StretchedInterval,
} from '../../sync/ports/call-ledger.ts';

interface OrgCalls {
  slots: Map<number, number>;
  reported: ReportedUsage | null;
  lookedAt: number | null;
  stretched: StretchedInterval | null;
  rest: AskedRest;
}

/** A ledger that lives as long as its process, which alone knows it. */
export class MemoryCallLedger implements CallLedger {
  readonly #orgs = new Map<string, OrgCalls>();

  async callsOf(orgId: string, span: SlotSpan): Promise<SlotCalls[]> {
    return counted(this.#of(orgId), span);
  }

  async reserve(orgId: string, { slot, span, calls, limit }: CallsWanted): Promise<number> {
    const org = this.#of(orgId);
    for (const old of org.slots.keys()) if (!isIn(old, span)) org.slots.delete(old);
    const made = counted(org, span).reduce((sum, one) => sum + one.calls, 0);
    const granted = Math.max(0, Math.min(calls, limit - made));
    if (granted > 0) org.slots.set(slot, (org.slots.get(slot) ?? 0) + granted);
    return granted;
  }

  async giveBack(orgId: string, { slot, calls }: SlotCalls): Promise<void> {
    const { slots } = this.#of(orgId);
    const left = Math.max(0, (slots.get(slot) ?? 0) - calls);
    if (left > 0) slots.set(slot, left);
    else slots.delete(slot);
  }

  async report(orgId: string, usage: ReportedUsage): Promise<void> {
    const org = this.#of(orgId);
    const isLater = org.reported === null || usage.at >= org.reported.at;
    if (isLater || org.reported!.at > usage.at + mostAheadMs) org.reported = structuredClone(usage);
  }

  async reported(orgId: string): Promise<ReportedUsage | null> {
    return structuredClone(this.#of(orgId).reported);
  }

  async mayLook(orgId: string, { now, everyMs }: { now: number; everyMs: number }): Promise<boolean> {
    const org = this.#of(orgId);
    if (org.lookedAt !== null && Math.abs(now - org.lookedAt) < everyMs) return false;
    org.lookedAt = now;
    return true;
  }

  async saveStretched(orgId: string, stretched: StretchedInterval | null): Promise<void> {
    this.#of(orgId).stretched = structuredClone(stretched);
  }

  async stretched(orgId: string): Promise<StretchedInterval | null> {
    return structuredClone(this.#of(orgId).stretched);
  }

  /** What lives in memory is lost with the one process that knows it. */
  async lostAt(): Promise<number | null> {
    return null;
  }

  async noteLost(): Promise<void> {}

  async holdBack(orgId: string, kind: keyof AskedRest, until: number): Promise<void> {
    this.#of(orgId).rest[kind] = until;
  }

  async heldBack(orgId: string): Promise<AskedRest> {
    return { ...this.#of(orgId).rest };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #of(orgId: string): OrgCalls {
    let org = this.#orgs.get(orgId);
    if (org === undefined) {
      org = {
        slots: new Map(),
        reported: null,
        lookedAt: null,
        stretched: null,
        rest: { pull: null, push: null },
      };
      this.#orgs.set(orgId, org);
    }
    return org;
  }
}

function counted({ slots }: OrgCalls, span: SlotSpan): SlotCalls[] {
  return [...slots]
    .flatMap(([slot, calls]) => (isIn(slot, span) ? [{ slot, calls }] : []))
    .sort((a, b) => a.slot - b.slot);
}

function isIn(slot: number, { from, to }: SlotSpan): boolean {
  return slot >= from && slot <= to;
}
