import { escapeMarkup } from '../http/xml.ts';
import { pageStyle } from '../page/page-style.ts';
import type { ClientApp } from './client-app.ts';
import type { DirectoryUser } from './org-directory.ts';

interface LoginPage {
  app: ClientApp;
  users: DirectoryUser[];
  chosen: DirectoryUser | undefined;
  hidden: [string, string][];
  complaint: string | undefined;
}

/** The login form; its field ids are those of Salesforce's own page (username, password, Login). */
export function loginPage({ app, users, chosen, hidden, complaint }: LoginPage): string {
  const link = (user: DirectoryUser) => {
    const params = new URLSearchParams([
      ...hidden.filter(([n]) => n !== 'login_hint'),
      ['login_hint', user.username],
    ]);
    const mark = user === chosen ? ' aria-current="true"' : '';
    return (
      `<li><a${mark} href="?${escapeMarkup(params.toString())}"><b>${escapeMarkup(user.name)}</b>` +
      `<span>${escapeMarkup(user.username)}${user.active ? '' : ' · inactive'}</span></a></li>`
    );
  };
  return page(
    'Log in',
    `<h1>Log in to the emulated org</h1>
    <p><b>${escapeMarkup(app.name)}</b> asks for access. Choose a user, or type one.</p>
    ${complaint ? `<p id="error" class="bad" role="alert">${escapeMarkup(complaint)}</p>` : ''}
    <ul class="users">${users.map(link).join('')}</ul>
    <form method="post" action="/services/oauth2/authorize">${hiddenInputs(hidden)}
      <label for="username">Username</label>
      <input id="username" name="username" autocomplete="username" required value="${escapeMarkup(chosen?.username ?? '')}">
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required value="${escapeMarkup(chosen?.password ?? '')}">
      <button id="Login" type="submit" class="primary">Log In</button>
    </form>
    <p class="dim">Every user’s password here is <code>${escapeMarkup(users[0]?.password ?? '')}</code>.</p>`,
  );
}

interface ConsentPage {
  app: ClientApp;
  user: DirectoryUser;
  scopes: string[];
  hidden: [string, string][];
}

/** The consent form; its button ids are those of Salesforce's own page (oaapprove, oadeny). */
export function consentPage({ app, user, scopes, hidden }: ConsentPage): string {
  return page(
    'Allow access?',
    `<h1>Allow access?</h1>
    <p><b>${escapeMarkup(app.name)}</b> asks to act for <b>${escapeMarkup(user.username)}</b>:</p>
    <ul>${scopes.map((s) => `<li>${escapeMarkup(scopeText[s] ?? s)}</li>`).join('')}</ul>
    <form method="post" action="/services/oauth2/authorize">${hiddenInputs(hidden)}
      <button id="oaapprove" name="decision" value="allow" class="primary">Allow</button>
      <button id="oadeny" name="decision" value="deny">Deny</button>
    </form>`,
  );
}

const scopeText: Record<string, string> = {
  api: 'Manage user data via APIs',
  refresh_token: 'Perform requests at any time',
  id: 'Access the identity URL service',
  openid: 'Access unique user identifiers',
  web: 'Manage user data via Web browsers',
  full: 'Full access',
};

function hiddenInputs(hidden: [string, string][]): string {
  return hidden
    .map(([n, v]) => `<input type="hidden" name="${escapeMarkup(n)}" value="${escapeMarkup(v)}">`)
    .join('');
}

function page(title: string, main: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>${pageStyle}</style></head>
<body class="narrow"><main>${main}</main></body></html>`;
}
