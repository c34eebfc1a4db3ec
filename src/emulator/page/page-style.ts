/** The look of the emulator's pages; nothing is fetched from elsewhere. */
export const pageStyle = `
:root{color-scheme:light dark;--bg:#f3f5f9;--card:#fff;--ink:#16233a;--dim:#61708a;--line:#dde3ee;--blue:#0b63ce;--bad:#b3261e;--good:#1b7f4b;--warn:#a15c00}
@media (prefers-color-scheme:dark){:root{--bg:#0f1521;--card:#182133;--ink:#e8edf7;--dim:#93a1ba;--line:#2a3650;--blue:#6aa9ff;--bad:#ff8a80;--good:#6fd7a0;--warn:#f2b45a}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 20px}
body.narrow main{max-width:440px;margin-top:6vh;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:28px}
h1{font-size:22px;margin:0 0 8px}h2{font-size:13px;text-transform:uppercase;letter-spacing:.06em;color:var(--dim);margin:0 0 12px;font-weight:600}
p{margin:0 0 14px}.dim{color:var(--dim);font-size:13px}.bad{color:var(--bad)}.good{color:var(--good)}.warn{color:var(--warn)}
code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
ul.users{list-style:none;margin:0 0 18px;padding:0;border:1px solid var(--line);border-radius:10px;overflow:hidden}
ul.users li+li{border-top:1px solid var(--line)}
ul.users a{display:flex;flex-direction:column;padding:9px 14px;color:inherit;text-decoration:none}
ul.users a:hover,ul.users a[aria-current]{background:color-mix(in srgb,var(--blue) 12%,transparent)}
ul.users span{color:var(--dim);font-size:13px}
label{display:block;font-size:13px;color:var(--dim);margin:10px 0 4px}
input{width:100%;padding:9px 11px;border:1px solid var(--line);border-radius:8px;background:var(--bg);color:inherit;font:inherit}
button{margin:16px 8px 0 0;padding:9px 18px;border:1px solid var(--line);border-radius:8px;background:transparent;color:inherit;font:inherit;cursor:pointer}
button.primary{background:var(--blue);border-color:var(--blue);color:#fff;font-weight:600}
body.narrow .dim{margin:18px 0 0}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:16px}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:18px 20px;overflow:auto}
.wide{grid-column:1/-1}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:12px;margin:18px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:14px 16px}
.tile b{display:block;font-size:19px;white-space:nowrap;font-variant-numeric:tabular-nums}.tile span{color:var(--dim);font-size:13px}
table{border-collapse:collapse;width:100%;font-size:13.5px}
td,th{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:500}tr:last-child td{border-bottom:0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.path{font:12.5px/1.5 ui-monospace,Menlo,Consolas,monospace;word-break:break-all}
dl.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:0 28px;margin:0;font-size:13.5px}
dl.pairs div{display:flex;justify-content:space-between;gap:12px;padding:5px 0;border-bottom:1px solid var(--line)}
dl.pairs dd{margin:0;font:12.5px/1.6 ui-monospace,Menlo,Consolas,monospace;word-break:break-all;text-align:right}
header{display:flex;justify-content:space-between;align-items:baseline;gap:16px;flex-wrap:wrap}
`;
