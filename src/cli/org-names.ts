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
  async learnFrom(app: Pick<App, 'orgNames'>): Promise<void> {
    this.#app = app;
    await this.refresh();
  }

  /** Reads the names a last time: the app is about to go, and its results and errors are told afterwards. */
  async keep(): Promise<void> {
    await this.refresh();
    this.#app = null;
  }

  /** Reads them anew: what a command has done may have changed them. */
  async refresh(): Promise<void> {
    if (this.#app === null) return;
    this.#readAt = this.#now();
    const orgs = await this.#app.orgNames();
    this.#urls = orgs.map(({ instanceUrl }) => instanceUrl);
    this.#aliases = new Map(
      orgs.flatMap(({ instanceUrl, alias }) => (alias === null ? [] : [[instanceUrl, alias] as const])),
    );
  }

  /** What has just been told of an org is true before the names are read again. */
  learn(instanceUrl: string, alias: string | null): void {
    if (!this.#urls.includes(instanceUrl)) this.#urls.push(instanceUrl);
    if (alias === null) this.#aliases.delete(instanceUrl);
    else this.#aliases.set(instanceUrl, alias);
  }

  of(instanceUrl: string): string {
    this.#refreshSoon();
    return this.#aliases.get(instanceUrl) ?? hostOf(instanceUrl);
  }

  /** A sentence that names connected orgs by their URL, with their names in place of it; other URLs stay. */
  inSentence(text: string): string {
    if (!text.includes('://')) return text;
    this.#refreshSoon();
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

  /** No line waits for a name: one that was read some time ago is used until the new one is there. */
  #refreshSoon(): void {
    if (this.#app === null || this.#now() - this.#readAt < knownForMs) return;
    // They never fail; whoever ends the app reads them once more.
    void this.refresh();
  }
}

function hostOf(instanceUrl: string): string {
  return URL.canParse(instanceUrl) ? new URL(instanceUrl).host : instanceUrl;
}
