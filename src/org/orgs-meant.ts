/** What an org is called by. URLs are origins. */
export interface NamedOrg {
  instanceUrl: string;
  /** Where its API is reached, where that is another address. */
  apiUrl?: string;
  alias: string | null;
  username: string;
}

/**
 * The orgs that `text` names: by alias, instance URL, bare host or username, in this order, in any case. Several where the
 * first of these that fits fits several; none where nothing fits.
 */
export function orgsMeant<Org extends NamedOrg>(text: string, orgs: readonly Org[]): Org[] {
  const wanted = text.trim().toLowerCase();
  const host = hostOf(wanted);
  const isAt = (part: 'host' | 'hostname', { instanceUrl, apiUrl = instanceUrl }: Org) =>
    host !== null && [instanceUrl, apiUrl].some((url) => URL.parse(url)?.[part] === host);
  const ways: ((org: Org) => boolean)[] = [
    ({ alias }) => alias?.toLowerCase() === wanted,
    (org) => isAt('host', org),
    (org) => isAt('hostname', org),
    ({ username }) => username.toLowerCase() === wanted,
  ];
  for (const fits of ways) {
    const found = orgs.filter(fits);
    if (found.length > 0) return found;
  }
  return [];
}

function hostOf(text: string): string | null {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  return url === null || url.username !== '' ? null : url.host;
}
