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
import { dayBefore, mostSlots } from '../kept-slots.ts';

interface OrgCalls {
  slots: Map<number, number>;
  lastSlot: number | null;
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
    const { lastSlot } = org;
    if (lastSlot !== null && lastSlot > span.to) add(org, slot, callsWithin(org, dayBefore(lastSlot, span)));
    org.lastSlot = slot;
    dropOldest(org, span);
    const granted = Math.max(0, Math.min(calls, limit - callsWithin(org, span)));
    add(org, slot, granted);
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
        lastSlot: null,
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

function callsWithin(org: OrgCalls, span: SlotSpan): number {
  return counted(org, span).reduce((sum, { calls }) => sum + calls, 0);
}

function add({ slots }: OrgCalls, slot: number, calls: number): void {
  if (calls > 0) slots.set(slot, (slots.get(slot) ?? 0) + calls);
}

function dropOldest({ slots }: OrgCalls, span: SlotSpan): void {
  if (slots.size <= mostSlots) return;
  const others = [...slots.keys()].filter((slot) => !isIn(slot, span)).sort((a, b) => a - b);
  for (const slot of others.slice(0, slots.size - mostSlots)) slots.delete(slot);
}

function isIn(slot: number, { from, to }: SlotSpan): boolean {
  return slot >= from && slot <= to;
}
