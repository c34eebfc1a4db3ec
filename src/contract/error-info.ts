/** An error as the JSON output shows it. Never holds a secret. */
export interface ErrorInfo {
  code: string;
  message: string;
  hint: string | null;
  details: unknown;
}
