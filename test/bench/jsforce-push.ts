/** The yardstick "a script of 20 lines": jsforce's collections of 200, one after the other. */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { Connection } from 'jsforce';

const [, , instanceUrl, accessToken, file] = process.argv as string[];
const connection = new Connection({ instanceUrl, accessToken, version: '62.0' });
let refused = 0;
let batch: Record<string, unknown>[] = [];
const send = async () => {
  const results = await connection.sobject('Contact').create(batch, { allOrNone: false });
  refused += results.filter(({ success }) => !success).length;
  batch = [];
};
for await (const record of createReadStream(file as string).pipe(parse({ columns: true }))) {
  batch.push(record);
  if (batch.length === 200) await send();
}
if (batch.length > 0) await send();
if (refused > 0) throw new Error(`${refused} were refused.`);
