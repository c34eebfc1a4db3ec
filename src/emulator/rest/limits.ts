import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';

/** Limits that this org never uses up. */
const unused: Record<string, number> = {
  ActiveScratchOrgs: 3,
  ConcurrentAsyncGetReportInstances: 200,
  ConcurrentSyncReportRuns: 20,
  DailyAsyncApexExecutions: 250_000,
  DailyBulkApiBatches: 15_000,
  DailyGenericStreamingApiEvents: 10_000,
  DailyScratchOrgs: 6,
  DailyStreamingApiEvents: 10_000,
  DailyWorkflowEmails: 990,
  HourlyAsyncReportRuns: 1_200,
  HourlyDashboardRefreshes: 200,
  HourlySyncReportRuns: 500,
  MassEmail: 10,
  SingleEmail: 15,
  StreamingApiConcurrentClients: 20,
};

/** "10,000 query jobs … per 24-hour rolling window"; 100 million ingested records a day. */
const dailyQueryJobs = 10_000;
const dailyQueryFileMb = 976_562;

/** GET `/limits`: the day's API requests as counted, the rest untouched. */
export function limits(_request: ApiRequest, _params: PathParams, { emulation }: ApiContext): Answer {
  const { usage, settings, jobs, org } = emulation;
  const rows = Object.values(org.control.rowCounts()).reduce((sum, n) => sum + n.live + n.deleted, 0);
  // Salesforce counts most rows as 2 KB.
  const storageUsedMb = Math.ceil((rows * 2) / 1_024);
  const storageMaxMb = Math.max(5_120, storageUsedMb * 2);
  return jsonAnswer(200, {
    DailyApiRequests: {
      Max: settings.dailyLimit,
      Remaining: Math.max(0, settings.dailyLimit - usage.used()),
    },
    DailyBulkV2QueryJobs: {
      Max: dailyQueryJobs,
      Remaining: Math.max(0, dailyQueryJobs - jobs.queryJobsToday()),
    },
    DailyBulkV2QueryFileStorageMB: { Max: dailyQueryFileMb, Remaining: dailyQueryFileMb },
    DataStorageMB: { Max: storageMaxMb, Remaining: storageMaxMb - storageUsedMb },
    FileStorageMB: { Max: 20, Remaining: 20 },
    ...Object.fromEntries(Object.entries(unused).map(([name, max]) => [name, { Max: max, Remaining: max }])),
  });
}

/** GET `/limits/recordCount?sObjects=A,B` (Record Count, since 40.0): of all objects where none is named. */
export function recordCount(request: ApiRequest, _params: PathParams, { emulation }: ApiContext): Answer {
  const asked = request.query
    .get('sObjects')
    ?.split(',')
    .map((name) => name.trim().toLowerCase());
  const counts = Object.entries(emulation.org.control.rowCounts())
    .filter(([name]) => asked === undefined || asked.includes(name.toLowerCase()))
    .map(([name, { live }]) => ({ count: live, name }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return jsonAnswer(200, { sObjects: counts });
}
