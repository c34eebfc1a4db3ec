/** What a handler answers; the sender adds the org's date, limits, compression and the cut connections. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** Whole bodies as text or bytes; long ones as a stream of chunks, pulled no faster than the client reads. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Called where the answer was sent, as far as it could be: nobody reads the body any more. */
  onSent?: () => void;
}

export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json;charset=UTF-8', ...headers },
    body: JSON.stringify(value),
  };
}

export function textAnswer(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'Content-Type': 'text/plain;charset=UTF-8', ...headers }, body };
}

/** Pages load nothing from elsewhere, and no other page may frame them to have their buttons clicked. */
const pageHeaders = {
  'Content-Type': 'text/html;charset=UTF-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; " +
    "base-uri 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

export function htmlAnswer(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...pageHeaders, ...headers }, body };
}

export function emptyAnswer(status = 204, headers: Record<string, string> = {}): Answer {
  return { status, headers };
}

export function redirectAnswer(location: string): Answer {
  return { status: 302, headers: { Location: location, 'Cache-Control': 'no-cache,must-revalidate' } };
}

/** The body of an answer that is not a stream, parsed; undefined where there is none. */
export function bodyValue(answer: Answer): unknown {
  const { body } = answer;
  if (body === undefined || body === '') return undefined;
  const text = typeof body === 'string' ? body : Buffer.from(body as Uint8Array).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
