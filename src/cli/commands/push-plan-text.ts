import type { PlannedSend, PushPlan } from '../../contract/push.ts';
import { count, counted } from '../render/quantity.ts';
import { renderTable } from '../render/table.ts';
import type { Terminal } from '../terminal.ts';

/** How the records of a dry run would be sent, and what would not. */
export function planText(plan: PushPlan, { style, columns }: Pick<Terminal, 'style' | 'columns'>): string {
  const { sends, held, behind, waiting, older, requests } = plan;
  const table = renderTable(
    ['DOES', 'RECORDS', 'WAY', 'WRITES'].map((title) => ({ title, key: title === 'DOES' })),
    sends.map((send) => [send.does, count(send.records), wayOf(send), count(send.requests)]),
    { style, columns },
  );
  const others =
    requests.others === null
      ? 'how many others it takes cannot be known before'
      : `${counted(requests.others, 'other')} to check the records and read them back`;
  const lines = [
    `${counted(requests.writes, 'request')} that ${requests.writes === 1 ? 'writes' : 'write'}, and ${others}.`,
    held > 0
      ? `${counted(held, 'record')} would be held until \`parahack-sync outbox approve --all\` releases them.`
      : '',
    behind > 0
      ? `${counted(behind, 'record')} would wait for earlier changes of their contacts, which somebody has to decide.`
      : '',
    waiting > 0
      ? `${counted(waiting, 'record')} would wait until Salesforce has said that an earlier request of the same contact, which got no answer, is over.`
      : '',
    older > 0 ? `${counted(older, 'other entry', 'other entries')} of the outbox would be sent along.` : '',
  ];
  return `${sends.length === 0 ? '' : table}${lines.filter((line) => line !== '').join('\n')}\n`;
}

function wayOf({ way, jobs }: PlannedSend): string {
  switch (way) {
    case 'ui-api':
      return 'alone, by the UI API with a key';
    case 'bulk':
      return counted(jobs, 'bulk ingest job');
    case 'upsert':
      return 'collections of upserts';
    case 'collection':
      return 'collections';
  }
}
