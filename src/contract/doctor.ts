export interface DoctorCheck {
  name: string;
  status: 'ok' | 'warn' | 'fail';
  message: string;
  /** What to do; null where nothing is. */
  hint: string | null;
}

export interface DoctorResult {
  checks: DoctorCheck[];
}
