import type { App } from '../contract/app.ts';

/** A watch runs for weeks, and an alias may change meanwhile. */
const knownForMs = 10_000;

/** What people call an org in every text: its alias, else its host. JSON has the URL. */
export class OrgNames {
  readonly #now: () => number;
  #app: Pick<App, 'orgNames'> | null = null;
  #aliases = new Map<string, string>();
  #urls: string[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Where the names come from; before, every org is called by its host. */
  learnFrom(app: Pick<App, 'orgNames'>): void {
    this.#app = app;
  }

  /** Reads the names a last time: the app is about to go, and its results and errors are told afterwards. */
  keep(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#refresh();
    this.#app = null;
  }

  of(instanceUrl: string): string {
    this.#refresh();
    return this.#aliases.get(instanceUrl) ?? hostOf(instanceUrl);
  }

  /** A sentence that names connected orgs by their URL, with their names in place of it; other URLs stay. */
  inSentence(text: string): string {
    if (!text.includes('://')) return text;
    this.#refresh();
    let named = text;
    for (const url of this.#urls) {
      for (let at = named.indexOf(url); at >= 0; at = named.indexOf(url, at + 1)) {
        // A longer host, a port or a path makes it another URL.
        if (/^(?:[\w/-]|[.:][\w/])/.test(named.slice(at + url.length, at + url.length + 2))) continue;
        named = named.slice(0, at) + this.of(url) + named.slice(at + url.length);
      }
    }
    return named;
  }

  #refresh(): void {
    const now = this.#now();
    if (this.#app === null || now - this.#readAt < knownForMs) return;
    this.#readAt = now;
    const orgs = this.#app.orgNames();
    this.#urls = orgs.map(({ instanceUrl }) => instanceUrl);
    this.#aliases = new Map(
      orgs.flatMap(({ instanceUrl, alias }) => (alias === null ? [] : [[instanceUrl, alias] as const])),
    );
  }
}

function hostOf(instanceUrl: string): string {
  return URL.canParse(instanceUrl) ? new URL(instanceUrl).host : instanceUrl;
}
