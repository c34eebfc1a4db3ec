import type { ErrorItem } from './api-error.ts';

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (c) => entities[c] ?? c);
}

/** The XML form of an error body: `<Errors><Error><errorCode>…</errorCode><message>…</message></Error></Errors>`. */
export function errorsAsXml(items: ErrorItem[]): string {
  const one = ({ errorCode, message, fields = [] }: ErrorItem) =>
    `<Error><errorCode>${escapeMarkup(errorCode)}</errorCode><message>${escapeMarkup(message)}</message>` +
    `${fields.map((f) => `<fields>${escapeMarkup(f)}</fields>`).join('')}</Error>`;
  return `<?xml version="1.0" encoding="UTF-8"?><Errors>${items.map(one).join('')}</Errors>`;
}

/** Whether `Accept` names XML before JSON. */
export function wantsXml(accept: string | undefined): boolean {
  if (!accept) return false;
  const xml = accept.search(/(application|text)\/xml/);
  const json = accept.indexOf('application/json');
  return xml >= 0 && (json < 0 || xml < json);
}
