import { contactObject } from '../../contract/contact-object.ts';
import type { ContactPage, ContactRow } from '../../contract/contacts.ts';
import { bounds, defaults } from '../../contract/defaults.ts';
import { eachBatch } from '../each-batch.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { listDocument } from '../list-document.ts';
import { collectList } from '../options/list-option.ts';
import { wholeNumber } from '../options/number-option.ts';
import { sortOption } from '../options/sort-option.ts';
import { renderFacts } from '../render/facts.ts';
import { count, counted } from '../render/quantity.ts';
import { relativeTime } from '../render/relative-time.ts';
import { renderLongTable } from '../render/table.ts';
import type { CommandHost } from './command-host.ts';
import { contactTexts, summaryColumns } from './contact-text.ts';
import { addContactsExportCommand } from './contacts-export.ts';
import { examples } from './examples.ts';
import { requireSubcommand } from './require-subcommand.ts';

interface PageFlags {
  org?: string;
  limit: number;
  offset?: number;
  deleted?: boolean;
  where?: string;
  fields?: string[];
  sort?: { field: string; descending: boolean };
}

const orgOption = ['--org <org>', 'alias, instance URL, host or username'] as const;

export function addContactsCommand({ program, run }: CommandHost): void {
  const contacts = program
    .command('contacts')
    .summary('read the mirror')
    .description('Reads the mirror; asks Salesforce nothing.');
  requireSubcommand(contacts);
  contacts
    .command('list')
    .description('Lists contacts in the order of their Ids.')
    .option(...orgOption)
    .option('--limit <n>', 'how many', wholeNumber(...bounds.contacts), defaults.contacts)
    .option('--offset <n>', 'leave out so many first', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--deleted', 'the ones that Salesforce no longer has')
    .option('--where <sql>', 'an SQL condition over the view contacts; it can only read')
    .option('--fields <names>', 'only these, by commas or repeated', collectList)
    .option('--sort <field[:desc]>', 'in the order of this field', sortOption)
    .addHelpText(
      'after',
      examples(
        'contacts list --limit 10',
        `contacts list --where "MailingCity = 'Graz'" --fields Id,Name --sort LastName`,
        'contacts list --deleted --json',
      ),
    )
    .action((flags: PageFlags, command) =>
      run(command, async (call) => {
        const { org = null, deleted = false, ...asked } = flags;
        const result = await (await call.app()).contacts.list({ org, deleted, ...asked });
        return page(call, result, { all: flags.fields !== undefined });
      }),
    );
  contacts
    .command('search')
    .description('Finds contacts by a part of their name, e-mail or phone.')
    .argument('<text>', 'what to look for; case does not matter')
    .option(...orgOption)
    .option('--limit <n>', 'how many', wholeNumber(...bounds.contacts), defaults.contacts)
    .addHelpText('after', examples('contacts search ng@acme.com', 'contacts search "ada love" --org prod'))
    .action((text: string, { org = null, limit }: { org?: string | null; limit: number }, command) =>
      run(command, async (call) =>
        page(call, await (await call.app()).contacts.search({ org, text, limit })),
      ),
    );
  contacts
    .command('show')
    .description('Shows every field of a contact.')
    .argument('<id>', "the contact's Id or e-mail, or the _key of one that has none yet")
    .option(...orgOption)
    .addHelpText('after', examples('contacts show 003XXXXXXXXXXXXXXX', 'contacts show ng@acme.com'))
    .action((id: string, { org }: { org?: string }, command) =>
      run(command, (call) => show(call, id, org ?? null)),
    );
  addContactsExportCommand(contacts, run);
}

async function show(call: Invocation, id: string, org: string | null): Promise<Outcome> {
  const view = await (await call.app()).contacts.show({ org, id });
  const { instanceUrl, columns, row, key, state, error, gone, readAt, coveredUntil } = view;
  return {
    document: {
      instanceUrl,
      contact: contactObject(columns, row),
      key,
      state,
      error,
      gone,
      readAt,
      coveredUntil,
    },
    text: () => {
      const texts = contactTexts(columns, row);
      const facts = columns.flatMap(({ name }, at) =>
        texts[at] === '' ? [] : [[name, texts[at]!] as const],
      );
      const what = gone === null ? state : `${gone} in Salesforce`;
      const head = `${call.orgNames.of(instanceUrl)}: ${what}${error === null ? '' : `, ${error}`}, read ${relativeTime(readAt, call.io.now())}\n`;
      return head + renderFacts(facts, call.terminal.style);
    },
  };
}

function page(
  call: Invocation,
  { instanceUrl, columns, total, coveredUntil, batches }: ContactPage,
  { all = false }: { all?: boolean } = {},
): Outcome {
  const { terminal, orgNames, io, messages } = call;
  const shown = all
    ? columns.map(({ name }, at) => ({ name, textOf: (texts: readonly string[]) => texts[at] ?? '' }))
    : summaryColumns(columns);
  const cellsOf = (row: ContactRow) => {
    const texts = contactTexts(columns, row);
    return shown.map(({ textOf }) => textOf(texts));
  };
  return {
    documentParts: (_error, infoOf) =>
      listDocument(
        {
          head: { instanceUrl, total, coveredUntil },
          name: 'contacts',
          batches: eachBatch(batches(), (row) => contactObject(columns, row)),
          pretty: terminal.columns !== null,
        },
        infoOf,
      ),
    async *textParts() {
      let rows = 0;
      const table = renderLongTable(
        shown.map(({ name }) => ({ title: name.toUpperCase(), key: name === 'Id' })),
        () => {
          rows = 0;
          return eachBatch(batches(), (row) => {
            rows++;
            return cellsOf(row);
          });
        },
        terminal,
      );
      const first = await table.next();
      const amount =
        total > rows ? `${count(rows)} of ${counted(total, 'contact')}` : counted(total, 'contact');
      const age = coveredUntil === null ? '' : `, as of ${relativeTime(coveredUntil, io.now())}`;
      messages.say(`${amount} of ${orgNames.of(instanceUrl)}${age}.`);
      if (first.done) return;
      yield first.value;
      yield* table;
    },
  };
}
