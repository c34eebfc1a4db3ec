const minuteMs = 60_000;
const windowMinutes = 24 * 60;

/** API requests of the last 24 hours, by minute of the org's clock; and how many are under way. */
export class ApiUsage {
  readonly #now: () => number;
  readonly #byMinute = new Map<number, number>();
  readonly #byAppAndMinute = new Map<string, Map<number, number>>();
  #sum = 0;
  #minute = -1;
  readonly #underWay = new Set<{ readonly sinceMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A request that begins now; the function that is returned ends it. */
  begin(): () => void {
    const request = { sinceMs: performance.now() };
    this.#underWay.add(request);
    return () => void this.#underWay.delete(request);
  }

  /** Requests under way that have run for at least so long. */
  underWay(atLeastMs: number): number {
    if (atLeastMs <= 0) return this.#underWay.size;
    const latest = performance.now() - atLeastMs;
    let count = 0;
    for (const { sinceMs } of this.#underWay) if (sinceMs <= latest) count++;
    return count;
  }

  count(appName: string, requests = 1): void {
    const minute = this.#roll();
    this.#byMinute.set(minute, (this.#byMinute.get(minute) ?? 0) + requests);
    this.#sum += requests;
    const ofApp = this.#byAppAndMinute.get(appName) ?? new Map<number, number>();
    ofApp.set(minute, (ofApp.get(minute) ?? 0) + requests);
    this.#byAppAndMinute.set(appName, ofApp);
  }

  /** Requests counted in the 24 hours before now. */
  used(): number {
    this.#roll();
    return this.#sum;
  }

  /** The same of one app. */
  usedBy(appName: string): number {
    this.#roll();
    let sum = 0;
    for (const requests of this.#byAppAndMinute.get(appName)?.values() ?? []) sum += requests;
    return sum;
  }

  /** As if so many requests had been made just now; for rehearsing a nearly used-up limit. */
  setUsed(requests: number): void {
    this.#byMinute.clear();
    this.#sum = requests;
    this.#byMinute.set(this.#roll(), requests);
  }

  clear(): void {
    this.#byMinute.clear();
    this.#byAppAndMinute.clear();
    this.#sum = 0;
  }

  #roll(): number {
    const minute = Math.floor(this.#now() / minuteMs);
    if (minute === this.#minute) return minute;
    this.#minute = minute;
    for (const [old, requests] of this.#byMinute) {
      if (isIn(old, minute)) continue;
      this.#byMinute.delete(old);
      this.#sum -= requests;
    }
    for (const ofApp of this.#byAppAndMinute.values())
      for (const old of ofApp.keys()) if (!isIn(old, minute)) ofApp.delete(old);
    return minute;
  }
}

/** A clock set back leaves later minutes behind; they count until they are a day away either side. */
function isIn(minute: number, now: number): boolean {
  return minute > now - windowMinutes && minute < now + windowMinutes;
}
