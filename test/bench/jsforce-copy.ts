/** The yardstick "a script of 30 lines": jsforce's query and queryMore to the end, into better-sqlite3. */
import Database from 'better-sqlite3';
import { Connection } from 'jsforce';

const [, , instanceUrl, accessToken, file] = process.argv as string[];
const connection = new Connection({ instanceUrl, accessToken, version: '62.0' });
const describe = await connection.sobject('Contact').describe();
const fields = describe.fields.filter(({ type }) => type !== 'address').map(({ name }) => name);
const database = new Database(file);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = NORMAL');
database.exec(
  `create table contact (${fields.map((name) => `"${name}"${name === 'Id' ? ' primary key' : ''}`).join(', ')})`,
);
const insert = database.prepare(`insert into contact values (${fields.map(() => '?').join(', ')})`);
const store = database.transaction((records: Record<string, unknown>[]) => {
  for (const record of records) {
    insert.run(
      fields.map((name) => (typeof record[name] === 'boolean' ? Number(record[name]) : record[name])),
    );
  }
});
const options = {
  autoFetch: false,
  headers: {},
  maxFetch: 2_000,
  scanAll: false,
  responseTarget: 'QueryResult',
} as const;
let page = await connection.query(`select ${fields.join(', ')} from Contact`, options);
for (;;) {
  store(page.records as Record<string, unknown>[]);
  if (page.done || !page.nextRecordsUrl) break;
  page = await connection.queryMore(page.nextRecordsUrl, options);
}
database.close();
