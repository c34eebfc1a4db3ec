/**
 * The command line that outside scripts rely on. Add to it freely; what stands here is neither renamed nor
 * dropped. An argument is written as in the help: `<x>` is required, `[x]` is not, `...` takes several.
 */
export interface ContractCommand {
  arguments?: string[];
  flags?: string[];
}

export const globalFlags = [
  '--json',
  '--quiet',
  '--verbose',
  '--no-color',
  '--data-dir <dir>',
  '--api-version <version>',
  '--version',
  '--help',
];

export const commands: Record<string, ContractCommand> = {
  login: {
    flags: [
      '--instance-url <url>',
      '--sandbox',
      '--alias <name>',
      '--client-id <id>',
      '--port <n>',
      '--no-browser',
      '--timeout <duration>',
      '--no-sync',
      '--access-token-stdin',
      '--jwt-key-file <file>',
      '--username <name>',
      '--client-credentials',
    ],
  },
  logout: { arguments: ['[org]'], flags: ['--all', '--delete-data', '--force'] },
  orgs: {},
  'orgs enable': { arguments: ['<org>'] },
  'orgs disable': { arguments: ['<org>'] },
  'orgs alias': { arguments: ['<org>', '<name>'] },
  'orgs set': {
    arguments: ['<org>'],
    flags: ['--two-way <state>', '--conflicts <policy>', '--budget <share>'],
  },
  backfill: {
    arguments: ['[org...]'],
    flags: ['--all', '--api <api>', '--concurrency <n>', '--fresh', '--force', '--fields <names>'],
  },
  watch: {
    arguments: ['[org...]'],
    flags: ['--interval <duration>', '--once', '--no-push', '--log-format <format>'],
  },
  push: {
    arguments: ['[file...]'],
    flags: [
      '--org <org>',
      '--upsert <field>',
      '--dry-run',
      '--queue',
      '--all-or-none',
      '--allow-duplicates',
      '--rejects <file>',
      '--format <format>',
      '--map <header=field>',
      '--ignore-unknown',
      '--ignore-read-only',
      '--allow-mixed',
      '--fresh',
    ],
  },
  reconcile: { arguments: ['[org...]'], flags: ['--dry-run', '--force'] },
  'contacts list': {
    flags: [
      '--where <sql>',
      '--fields <names>',
      '--sort <field[:desc]>',
      '--limit <n>',
      '--offset <n>',
      '--deleted',
    ],
  },
  'contacts search': { arguments: ['<text>'] },
  'contacts show': { arguments: ['<id>'] },
  'contacts export': {
    flags: ['--format <format>', '--output <file>', '--where <sql>', '--fields <names>', '--excel-safe'],
  },
  'archives list': { arguments: ['[org]'] },
  'archives prune': { arguments: ['[org]'], flags: ['--keep <n>'] },
  'outbox list': { flags: ['--conflicts'] },
  'outbox show': { arguments: ['<key>'] },
  'outbox retry': { arguments: ['[key...]'], flags: ['--all', '--in-doubt', '--take <side>'] },
  'outbox drop': { arguments: ['[key...]'], flags: ['--all', '--in-doubt'] },
  'outbox approve': { arguments: ['[key...]'], flags: ['--all'] },
  'outbox settle': { arguments: ['[key...]'] },
  status: { arguments: ['[org]'], flags: ['--max-lag <duration>'] },
  runs: { arguments: ['[org]'], flags: ['--limit <n>'] },
  'runs show': { arguments: ['<id>'] },
  limits: { arguments: ['[org]'] },
  doctor: {},
  'service install': {},
  'service uninstall': {},
  'service status': {},
  'service logs': {},
  completion: { arguments: ['<shell>'] },
  emulator: {
    flags: [
      '--port <n>',
      '--orgs <n>',
      '--org-id <id>',
      '--contacts <n>',
      '--seed <n>',
      '--custom-fields <n>',
      '--state <file>',
      '--latency <ms>',
      '--daily-limit <n>',
      '--concurrent-limit <n>',
      '--object <files>',
      '--auto-approve',
      '--rotate-refresh-tokens',
    ],
  },
};

export const environment = [
  'PARAHACK_SYNC_DATA_DIR',
  'PARAHACK_SYNC_CREDENTIAL_STORE',
  'PARAHACK_SYNC_CREDENTIAL_KEY',
  'PARAHACK_SYNC_CREDENTIAL_KEY_FILE',
  'PARAHACK_SYNC_CLIENT_ID',
  'PARAHACK_SYNC_CLIENT_SECRET',
  'PARAHACK_SYNC_INSTANCE_URL',
  'PARAHACK_SYNC_ACCESS_TOKEN',
  'PARAHACK_SYNC_LOGIN_URL',
  'PARAHACK_SYNC_API_BUDGET',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'NO_COLOR',
];

/** Commands that are in the contract and answer NOT_AVAILABLE for now. */
export const notBuiltYet: string[][] = [
  ['reconcile'],
  ['outbox', 'settle'],
  ['service', 'install'],
  ['service', 'uninstall'],
  ['service', 'status'],
  ['service', 'logs'],
  ['orgs', 'set', 'prod', '--two-way', 'on'],
];
