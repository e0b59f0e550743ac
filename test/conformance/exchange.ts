import { request as sendHTTP, type IncomingMessage } from 'node:http';
import type { BodyToSend, Part, RequestToSend } from './scenarios';

/** What came back. */
export interface Answer {
  readonly status: number;
  /** By names in small letters; values of repeated headers are joined. */
  readonly headers: ReadonlyMap<string, string>;
  readonly cookies: ReadonlyMap<string, Cookie>;
  readonly body: Buffer;
}

/** The value and the attributes of a cookie, names in small letters; attributes without a value are true. */
export type Cookie = Readonly<Record<string, string | true>>;

/** Sends a request on a connection of its own. */
export async function exchange(port: number, toSend: RequestToSend): Promise<Answer> {
  const { method = 'GET', path } = toSend;
  const body = encodeBody(toSend.body);
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = headersOf(toSend, body);
    sendHTTP({ host: '127.0.0.1', port, method, path, headers, agent: false, setHost: false }, resolve)
      .on('error', reject)
      .end(body?.bytes);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return toAnswer(message, Buffer.concat(chunks));
}

interface EncodedBody {
  readonly bytes: Buffer;
  readonly contentType?: string;
}

function headersOf({ method = 'GET', headers = {} }: RequestToSend, body: EncodedBody | null): Record<string, string> {
  const all = new Map<string, readonly [name: string, value: string]>();
  const set = (name: string, value: string): void => void all.set(name.toLowerCase(), [name, value]);
  set('Host', 'testserver');
  if (body?.contentType !== undefined) set('Content-Type', body.contentType);
  if (body !== null) set('Content-Length', String(body.bytes.length));
  else if (['POST', 'PUT', 'PATCH'].includes(method)) set('Content-Length', '0');
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) all.delete(name.toLowerCase());
    else set(name, value);
  }
  return Object.fromEntries(all.values());
}

/** The one that stands in recorded answers which tell the content type. */
const BOUNDARY = 'ConformanceBoundary7MA4YWxkTrZu0gW';

function encodeBody(body: BodyToSend | undefined): EncodedBody | null {
  if (body === undefined) return null;
  if (body.text !== undefined) return { bytes: Buffer.from(body.text) };
  if (body.base64 !== undefined) return { bytes: Buffer.from(body.base64, 'base64') };
  if (body.form !== undefined) {
    return { bytes: Buffer.from(encodeForm(body.form)), contentType: 'application/x-www-form-urlencoded' };
  }
  if (body.multipart !== undefined) {
    const parts = [...body.multipart.flatMap(encodePart), `--${BOUNDARY}--\r\n`];
    return {
      bytes: Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
      contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    };
  }
  return { bytes: Buffer.from(JSON.stringify(body.json)), contentType: 'application/json' };
}

function encodeForm(form: NonNullable<BodyToSend['form']>): string {
  const pairs = Array.isArray(form)
    ? (form as readonly (readonly [string, unknown])[])
    : Object.entries(form).flatMap(([name, value]) => [value].flat().map((item) => [name, item] as const));
  const query = new URLSearchParams();
  for (const [name, value] of pairs) query.append(name, String(value));
  return query.toString();
}

function encodePart({ name, value, base64, filename, contentType }: Part): (string | Buffer)[] {
  const type = contentType ?? (filename === undefined ? null : 'application/octet-stream');
  const head = [
    `--${BOUNDARY}`,
    `Content-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}`,
    ...(type === null ? [] : [`Content-Type: ${type}`]),
    '',
    '',
  ];
  return [head.join('\r\n'), base64 === undefined ? String(value) : Buffer.from(base64, 'base64'), '\r\n'];
}

function toAnswer(message: IncomingMessage, body: Buffer): Answer {
  const headers = new Map<string, string>();
  const cookies = new Map<string, Cookie>();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    const name = message.rawHeaders[i]!.toLowerCase();
    const value = message.rawHeaders[i + 1]!;
    if (name === 'set-cookie') cookies.set(...parseCookie(value));
    else headers.set(name, headers.has(name) ? `${headers.get(name)!}, ${value}` : value);
  }
  return { status: message.statusCode!, headers, cookies, body };
}

/** `name=value; Path=/; HttpOnly` */
function parseCookie(line: string): [name: string, cookie: Cookie] {
  const [[name, value], ...attributes] = line.split(';').map(toPair) as [
    [string, string],
    ...[string, string | true][],
  ];
  const cookie = { ...Object.fromEntries(attributes.map(([key, content]) => [key.toLowerCase(), content])), value };
  return [name, cookie];
}

function toPair(text: string): [string, string | true] {
  const at = text.indexOf('=');
  return at < 0
    ? [text.trim(), true]
    : [
        text.slice(0, at).trim(),
        text
          .slice(at + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      ];
}
