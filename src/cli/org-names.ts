import type { Command } from 'commander';
import type { App } from '../contract/app.ts';
import { orgsMeant } from '../org/orgs-meant.ts';
import { proposeFor } from './proposed-commands.ts';

/** A watch runs for weeks, and an alias may change meanwhile. */
const knownForMs = 10_000;

/** What the command line that was typed says of orgs. */
export interface TypedOrgs {
  /** The program whose commands texts propose. */
  program: Command;
  /** Its words for orgs, as they were typed: any form that names one. */
  orgs: readonly string[];
  /** All of its words. */
  words: readonly string[];
}

/**
 * What people call an org in every text: as they typed it, else its alias, else its host. JSON has the URL. And the
 * commands that a text proposes, told which org they are for.
 */
export class OrgNames {
  readonly #now: () => number;
  readonly #typed: TypedOrgs | null;
  #app: Pick<App, 'orgNames'> | null = null;
  #aliases = new Map<string, string>();
  #typedNames = new Map<string, string>();
  #urls: string[] = [];
  #ofCall: string | null = null;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, typed: TypedOrgs | null = null) {
    this.#now = now;
    this.#typed = typed;
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
    // What was typed means the org that it meant at first, also where the command has changed that.
    for (const typed of this.#typed?.orgs ?? []) {
      if ([...this.#typedNames.values()].includes(typed)) continue;
      const [meant, ...others] = orgsMeant(typed, orgs);
      if (meant !== undefined && others.length === 0) this.#typedNames.set(meant.instanceUrl, typed);
    }
    this.#aliases = new Map(
      orgs.flatMap(({ instanceUrl, alias }) => (alias === null ? [] : [[instanceUrl, alias] as const])),
    );
  }

  /** What has just been told of an org is true before the names are read again. */
  learn(instanceUrl: string, alias: string | null): void {
    if (!this.#urls.includes(instanceUrl)) this.#urls.push(instanceUrl);
    // An alias that was typed and is no more would lead nowhere.
    const former = this.#aliases.get(instanceUrl);
    if (former !== alias && former?.toLowerCase() === this.#typedNames.get(instanceUrl)?.trim().toLowerCase())
      this.#typedNames.delete(instanceUrl);
    if (alias === null) this.#aliases.delete(instanceUrl);
    else this.#aliases.set(instanceUrl, alias);
  }

  /** `alias`: what a result says that it is called, for one that is not connected any more. */
  of(instanceUrl: string, alias: string | null = null): string {
    this.#refreshSoon();
    const typed = this.#typedNames.get(instanceUrl);
    return typed ?? this.#aliases.get(instanceUrl) ?? alias ?? hostOf(instanceUrl);
  }

  /** The one org that the result of a call is of, where it is of one: what is said after it is of that org too. */
  workOnThatOf(result: unknown): void {
    this.#ofCall = orgOfResult(result) ?? this.#ofCall;
  }

  /**
   * A sentence that names connected orgs by their URL, with their names in place of it; other URLs stay, and those that
   * were typed. Commands that it proposes are told their org, as `inCommands` does.
   */
  inSentence(text: string, instanceUrl: string | null = null): string {
    const told = this.inCommands(text, instanceUrl);
    if (!told.includes('://')) return told;
    this.#refreshSoon();
    let named = told;
    for (const url of this.#urls) {
      if (this.#isTyped(url)) continue;
      // A command that is to be typed takes no name there.
      const places = placesOf(url, named).filter((at) => !/--instance-url[ =]$/.test(named.slice(0, at)));
      for (const at of places.toReversed())
        named = named.slice(0, at) + this.of(url) + named.slice(at + url.length);
    }
    return named;
  }

  /**
   * Commands that `text` proposes, for the org that they are meant for where that has to be said: where it was typed, or
   * several are connected. `instanceUrl`: whose text it is; else it is of the org of the call, or of the one that `text`,
   * or the sentence `beside` it, names by its URL.
   */
  inCommands(text: string, instanceUrl: string | null = null, beside = ''): string {
    if (this.#typed === null || !/[`"]/.test(text)) return text;
    const org = this.#toPropose(instanceUrl, `${beside} ${text}`);
    return org === null ? text : proposeFor(text, org, this.#typed.program);
  }

  #toPropose(instanceUrl: string | null, text: string): string | null {
    const { orgs } = this.#typed!;
    if (orgs.length === 1) return orgs[0]!;
    const url = instanceUrl ?? this.#ofCall ?? this.#onlyOneIn(text);
    return url === null || (orgs.length === 0 && this.#urls.length < 2) ? null : this.of(url);
  }

  #onlyOneIn(text: string): string | null {
    const named = this.#urls.filter((url) => placesOf(url, text).length > 0);
    return named.length === 1 ? named[0]! : null;
  }

  #isTyped(url: string): boolean {
    const words = this.#typed?.words ?? [];
    return words.some((word) => placesOf(url, word.toLowerCase().replace(/\/+$/, '')).length > 0);
  }

  /** No line waits for a name: one that was read some time ago is used until the new one is there. */
  #refreshSoon(): void {
    if (this.#app === null || this.#now() - this.#readAt < knownForMs) return;
    // They never fail; whoever ends the app reads them once more.
    void this.refresh();
  }
}

/** Where `text` has `url`: a longer host, a port or a path makes it another one. */
function placesOf(url: string, text: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(url); at >= 0; at = text.indexOf(url, at + 1)) {
    if (!/^(?:[\w/-]|[.:][\w/])/.test(text.slice(at + url.length, at + url.length + 2))) places.push(at);
  }
  return places;
}

function orgOfResult(result: unknown): string | null {
  const { instanceUrl, counts, entry } = (result ?? {}) as Record<string, unknown>;
  const found = [{ instanceUrl }, counts, entry].find(
    (each) => typeof (each as { instanceUrl?: unknown } | undefined | null)?.instanceUrl === 'string',
  );
  return (found as { instanceUrl: string } | undefined)?.instanceUrl ?? null;
}

function hostOf(instanceUrl: string): string {
  return URL.canParse(instanceUrl) ? new URL(instanceUrl).host : instanceUrl;
}
