/** Refreshes the page from the control surface every two seconds, while it is visible. */
export const pageScript = `
const get = async (name) => (await fetch('/__emulator/' + name)).json();
const make = (tag, text, cls) => { const e = document.createElement(tag); e.textContent = text; if (cls) e.className = cls; return e; };
const readable = (path) => { try { return decodeURIComponent(path.replace(/\\+/g, ' ')); } catch { return path; } };
const number = (n) => Number(n).toLocaleString('en-US');
const row = (...cells) => { const tr = document.createElement('tr'); for (const [text, cls] of cells) tr.append(make('td', text, cls)); return tr; };
const show = (id, rows) => document.getElementById(id).replaceChildren(...rows);
const tone = (status) => status === 0 ? 'bad' : status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good';
const tile = (value, label) => { const d = make('div', '', 'tile'); d.append(make('b', value), make('span', label)); return d; };
async function refresh() {
  if (document.hidden) return;
  const [state, calls, settings] = await Promise.all([get('state'), get('calls?limit=20'), get('settings')]);
  document.getElementById('clock').textContent = state.clock.replace('T', ' ').replace(/\\.\\d+Z/, ' UTC');
  show('tiles', [
    tile(number(state.live), 'contacts'), tile(number(state.deleted), 'in the Recycle Bin'),
    tile(number(state.apiRequests.used), 'of ' + number(state.apiRequests.max) + ' API requests a day'),
    tile(number(state.sessions), 'sessions'), tile(number(state.refreshTokens), 'refresh tokens'),
    tile(number(state.openTransactions), 'open transactions'), tile(number(state.faults), 'faults waiting'),
  ]);
  show('objects', Object.entries(state.objects).map(([name, n]) => row([name], [number(n.live), 'n'], [number(n.deleted), 'n'])));
  show('calls', calls.reverse().map((c) => row([c.at.slice(11, 23)], [c.method], [readable(c.path), 'path'], [c.status || 'cut', tone(c.status)], [number(c.bytes), 'n'], [String(c.ms), 'n'])));
  document.getElementById('nocalls').hidden = calls.length > 0;
  show('settings', Object.entries(settings).filter(([name]) => name !== 'callbackUrls').map(([name, value]) => {
    const pair = document.createElement('div');
    pair.append(make('dt', name), make('dd', typeof value === 'object' ? JSON.stringify(value) : String(value)));
    return pair;
  }));
}
const tick = () => refresh().catch(() => {}).finally(() => setTimeout(tick, 2000));
document.addEventListener('visibilitychange', () => refresh().catch(() => {}));
tick();
`;
