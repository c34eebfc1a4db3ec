import { escapeMarkup } from '../http/xml.ts';
import { pageScript } from './page-script.ts';
import { pageStyle } from './page-style.ts';

/** What the page shows of one emulator. */
export interface HomePageHost {
  readonly org: { readonly id: string; readonly name: string };
  readonly oauth: {
    readonly instanceUrl: string;
    readonly app: {
      readonly name: string;
      readonly clientId: string;
      readonly callbackUrls: readonly string[];
    };
    readonly directory: { users(): readonly ShownUser[] };
  };
}

interface ShownUser {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly active: boolean;
  readonly password: string;
}

/** `GET /`: the org at a glance. It refreshes itself from the control surface and fetches nothing else. */
export function homePage({ org, oauth }: HomePageHost): string {
  const users = oauth.directory
    .users()
    .map(
      (user) =>
        `<tr><td><b>${escapeMarkup(user.name)}</b>${user.active ? '' : ' <span class="warn">inactive</span>'}</td>` +
        `<td><code>${escapeMarkup(user.username)}</code></td><td><code>${escapeMarkup(user.id)}</code></td></tr>`,
    )
    .join('');
  const password = oauth.directory.users()[0]?.password ?? '';
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>${escapeMarkup(org.name)} · emulated Salesforce org</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>${pageStyle}</style></head>
<body><main>
<header><div><h1>${escapeMarkup(org.name)}</h1>
<p class="dim">An emulated Salesforce org at <code>${escapeMarkup(oauth.instanceUrl)}</code> · <code>${escapeMarkup(org.id)}</code></p></div>
<p class="dim" id="clock" title="The org’s clock"></p></header>
<div class="tiles" id="tiles"></div>
<div class="grid">
<section class="card"><h2>Users</h2><table><thead><tr><th>Name</th><th>Username</th><th>Id</th></tr></thead><tbody>${users}</tbody></table>
<p class="dim" style="margin:12px 0 0">Password of every user: <code>${escapeMarkup(password)}</code></p></section>
<section class="card"><h2>Objects</h2><table><thead><tr><th>Object</th><th class="n">Live</th><th class="n">Deleted</th></tr></thead><tbody id="objects"></tbody></table></section>
<section class="card wide"><h2>Last requests</h2><table><thead><tr><th>At</th><th>Method</th><th>Path</th><th>Status</th><th class="n">Bytes</th><th class="n">ms</th></tr></thead><tbody id="calls"></tbody></table>
<p class="dim" id="nocalls">No request yet.</p></section>
<section class="card wide"><h2>Settings</h2><dl class="pairs" id="settings"></dl></section>
<section class="card wide"><h2>Client app</h2><table><tbody>
<tr><td>Name</td><td>${escapeMarkup(oauth.app.name)}</td></tr>
<tr><td>Client ID</td><td class="path">${escapeMarkup(oauth.app.clientId)}</td></tr>
<tr><td>Callback URLs</td><td class="path">${oauth.app.callbackUrls.map(escapeMarkup).join('<br>')}</td></tr>
</tbody></table></section>
</div></main><script>${pageScript}</script></body></html>`;
}
