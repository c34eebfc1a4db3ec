/** Documented resources of `/services/data/vNN.0` that this org has not (docs/emulator.md, "Not there"). */
const missing: readonly (readonly [string, RegExp])[] = [
  [
    'This API',
    /^\/(actions|analytics|appMenu|async-queries|chatter|commerce|compactLayouts|connect|consent|dedupe|domino|eclair|event|folders|graphql|knowledgeManagement|licensing|localizedvalue|metadata|payments|process|quickActions|scheduling|serviceTemplates|sobjects\/relevantItems|support|tabs|theme|tooling|wave)(\/|$)/i,
  ],
  ['This resource of the UI API', /^\/ui-api\/(?!records\b)/i],
  ['This resource of the search', /^\/search\/./i],
  ['This kind of job', /^\/jobs\/(?!ingest\b|query\b)/i],
  [
    'This resource of an object',
    /^\/sobjects\/[^/]+\/(describe\/.+|defaultValues|eventSchema|listviews|quickActions|password|richTextImageFields)(\/|$)/i,
  ],
];

/** What to say of a path that no route answers (or only one for any name), where Salesforce would answer it; undefined elsewhere. */
export function missingResource(path: string): string | undefined {
  const what = missing.find(([, pattern]) => pattern.test(path))?.[0];
  return what === undefined
    ? undefined
    : `The requested resource does not exist: ${what.toLowerCase()} is not supported by this emulator`;
}
