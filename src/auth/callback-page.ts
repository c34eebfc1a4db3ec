/** What the browser shows at the end of a login. Self-contained: no script, style or picture from anywhere. */
export interface CallbackPage {
  title: string;
  /** Plain text, one paragraph each. */
  paragraphs: readonly string[];
  outcome: 'done' | 'failed';
}

/** Removes the one-time code from the address bar and the history, so that a reload or a copied address holds none. */
const forgetCode = "history.replaceState(null,'','/')";
/** SHA-256 of `forgetCode`, the only script the page may run (CSP level 3, section 2.3.1). */
const forgetCodeHash = 'sha256-/pjm5mjVC8qSf3E2vn/Jvti9PA65a7Nkc8TYEuKfhyQ=';

const style =
  ':root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem}' +
  'h1{font-size:1.5rem;margin:0 0 1rem}p{margin:.6rem 0}main{border-left:.3rem solid #2e844a;padding-left:1.4rem}' +
  'main.failed{border-color:#ba0517}small{opacity:.7}';

export const callbackPageHeaders: Record<string, string> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '${forgetCodeHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  connection: 'close',
};

export function renderCallbackPage({ title, paragraphs, outcome }: CallbackPage): string {
  const body = paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)} · parahack-sync</title><link rel="icon" href="data:,"><style>${style}</style></head><body><main class="${outcome}"><h1>${escapeHtml(title)}</h1>${body}<p><small>parahack-sync</small></p></main><script>${forgetCode}</script></body></html>\n`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (c) => entities[c] ?? c);
}
