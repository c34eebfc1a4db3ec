/** What a look at one thing found. */
export interface DoctorFinding {
  name: string;
  status: 'ok' | 'warn' | 'fail';
  message: string;
  /** What to do; null where nothing is. */
  hint: string | null;
}

export interface DoctorCheck extends DoctorFinding {
  /** The org that it is about; null where it is about none, or about a host. */
  instanceUrl: string | null;
}

export interface DoctorResult {
  checks: DoctorCheck[];
}
