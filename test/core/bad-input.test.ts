import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  APIView,
  authtoken,
  BasicAuthentication,
  defineSettings,
  FormParser,
  handle,
  IsAuthenticated,
  JSONParser,
  path,
  Response,
  TokenAuthentication,
} from 'sallyport';
import type { AuthenticationClasses, PermissionClasses, Request } from 'sallyport';
import { fastPasswordHashers, MemoryTokenStore, MemoryUserStore } from 'sallyport/testing';
import { serve } from '../support/server';
import type { TestServer } from '../support/server';

const LIMIT = 100_000;
const errors: unknown[] = [];
const settings = defineSettings(
  {
    users: new MemoryUserStore({ hashers: fastPasswordHashers }),
    dataUploadMaxMemorySize: LIMIT,
    logger: { error: (context) => errors.push((context as { err: unknown }).err) },
  },
  authtoken({ store: new MemoryTokenStore() }),
);

class Echo extends APIView {
  static override settings = settings;
  static override authenticationClasses: AuthenticationClasses = [TokenAuthentication, BasicAuthentication];
  static override parserClasses = [JSONParser, FormParser];
  override get(): Response {
    return new Response('fine');
  }
  override post(request: Request): Response {
    return new Response(request.data);
  }
}
class Closed extends Echo {
  static override permissionClasses: PermissionClasses = [IsAuthenticated];
}

let server: TestServer;
beforeAll(async () => {
  server = await serve(
    handle([path('/', Echo.asView()), path('/closed', Closed.asView()), path('/<str:any>', Echo.asView())]),
  );
});
afterAll(async () => {
  await server.close();
  expect(errors).toEqual([]);
});

/** Sends bytes as they are, and gives what comes back until the connection ends or `enough` has come. */
function exchange(send: (socket: Socket) => void, enough?: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(3000, () => {
      reject(new Error(`no end within three seconds, only: ${text.slice(0, 200)}`));
      socket.destroy();
    });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (enough?.(text) === true) done();
    });
    socket.on('end', done);
    // The server may close while this side still writes.
    socket.on('error', done);
    send(socket);
  });
}
const lines = (...all: string[]): string => [...all, '', ''].join('\r\n');
const head = (...headers: string[]): string => lines('POST / HTTP/1.1', 'Host: a', 'Connection: close', ...headers);

/** The status and body of the first answer. */
function parse(text: string): readonly [status: number, body: unknown] {
  const end = text.indexOf('\r\n\r\n');
  const top = text.slice(0, end);
  const length = Number(/^content-length: (\d+)/im.exec(top)?.[1] ?? 0);
  const body = Buffer.from(text.slice(end + 4, end + 4 + length), 'latin1').toString();
  const isJSON = /^content-type: application\/json/im.test(top);
  return [Number(/^HTTP\/1\.1 (\d{3})/.exec(top)?.[1]), isJSON ? JSON.parse(body) : body];
}
const ask = async (bytes: string | Buffer): Promise<readonly [number, unknown]> =>
  parse(
    await exchange((socket) => {
      socket.write(bytes);
    }),
  );
const post = (type: string, body: string | Buffer): Promise<readonly [number, unknown]> =>
  ask(
    Buffer.concat([
      Buffer.from(head(`Content-Type: ${type}`, `Content-Length: ${String(Buffer.byteLength(body))}`), 'latin1'),
      Buffer.from(body),
    ]),
  );

async function goesOn(): Promise<void> {
  const answer = await server.request();
  expect([answer.status, answer.text]).toEqual([200, '"fine"']);
}

describe('a body that is no JSON', () => {
  it.each([
    '{',
    '[1,]',
    '{"a":1,}',
    "{'a':1}",
    '{"a" 1}',
    'f00bar',
    '1 2',
    '"open',
    '"\\x"',
    '"\t"',
    'NaN',
    'Infinity',
    '\ufeff{}',
    ' ',
    '\0',
    '01',
    '+1',
    '.5',
    '[',
    ']',
    '{"a":1}{"b":2}',
    '{"a":tru}',
    '//',
  ])('%j is 400 in the shape of DRF', async (body) => {
    expect(await post('application/json', body)).toEqual([
      400,
      { detail: expect.stringMatching(/^JSON parse error - ./) },
    ]);
  });

  it.each([
    ['bytes that are no UTF-8', 'application/json', Buffer.from([0x22, 0xff, 0x22])],
    ['bytes that are not in the charset', 'application/json; charset=ascii', Buffer.from('"ü"')],
    ['half a UTF-16 character', 'application/json; charset=utf-16', Buffer.from([0x22])],
  ])('%s: 400', async (_name, type, body) => {
    expect(await post(type, body)).toEqual([400, { detail: expect.stringMatching(/^JSON parse error - ./) }]);
  });

  it('never shows what it holds, as that may be a password', async () => {
    const [status, body] = await post('application/json', '{"password": hunter2}');
    expect(status).toBe(400);
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });
});

describe('a body of another type', () => {
  it.each([
    'text/plain',
    'application/xml',
    'application/',
    '/',
    'json',
    ';',
    'a/b; charset=',
    'application/json2',
    '"',
    '\u00ff/\u00ff',
  ])('%j is 415, with the type as it came', async (type) => {
    expect(await post(type, 'x')).toEqual([415, { detail: `Unsupported media type "${type}" in request.` }]);
  });

  it('a charset that nobody knows is ignored', async () => {
    for (const charset of ['nonsense', '', '"', 'utf-7', '\u00ff', 'x'.repeat(5000)]) {
      expect(await post(`application/json; charset=${charset}`, '1')).toEqual([200, 1]);
    }
  });
});

describe('a body over the limit', () => {
  const tooLarge = [413, { detail: 'Request body is too large.' }];

  it('of a declared length is refused before a byte of it has come', async () => {
    const answer = await exchange(
      (socket) => {
        socket.write(
          lines('POST / HTTP/1.1', 'Host: a', 'Content-Type: application/json', `Content-Length: ${String(LIMIT + 1)}`),
        );
      },
      (text) => text.includes('large'),
    );
    expect(parse(answer)).toEqual(tooLarge);
    await goesOn();
  });

  it('of an absurd length too', async () => {
    for (const length of ['999999999999999999999', '9007199254740993']) {
      const answer = await exchange(
        (socket) => {
          socket.write(
            lines('POST / HTTP/1.1', 'Host: a', 'Content-Type: application/json', `Content-Length: ${length}`),
          );
        },
        (text) => text.includes('\r\n\r\n'),
      );
      expect([400, 413]).toContain(parse(answer)[0]);
    }
    await goesOn();
  });

  it('that comes in chunks is refused as soon as it is known', async () => {
    const answer = await exchange(
      (socket) => {
        socket.write(head('Content-Type: application/json', 'Transfer-Encoding: chunked'));
        const chunk = `${(1000).toString(16)}\r\n${'x'.repeat(1000)}\r\n`;
        for (let i = 0; i < 200; i++) socket.write(chunk);
      },
      (text) => text.includes('large'),
    );
    expect(parse(answer)).toEqual(tooLarge);
    await goesOn();
  });

  it('is never taken for the next request on the connection', async () => {
    const smuggled = lines('GET /smuggled HTTP/1.1', 'Host: a');
    for (const [header, body] of [
      [`Content-Length: ${String(LIMIT + smuggled.length)}`, 'x'.repeat(LIMIT) + smuggled],
      [
        'Transfer-Encoding: chunked',
        `${(LIMIT + smuggled.length).toString(16)}\r\n${'x'.repeat(LIMIT)}${smuggled}\r\n0\r\n\r\n`,
      ],
    ] as const) {
      const answer = await exchange((socket) => {
        socket.write(lines('POST / HTTP/1.1', 'Host: a', 'Content-Type: application/json', header));
        socket.write(body);
        socket.write(lines('GET /last HTTP/1.1', 'Host: a', 'Connection: close'));
      });
      expect(parse(answer)[0]).toBe(413);
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
      // The connection may be closed, or go on with the request that stands behind the body.
      expect([['413'], ['413', '200']]).toContainEqual(statuses);
    }
    await goesOn();
  });

  it('exactly at the limit passes', async () => {
    const text = 'x'.repeat(LIMIT - 2);
    expect((await post('application/json', `"${text}"`))[1]).toBe(text);
    expect((await post('application/json', `"${text}x"`))[0]).toBe(413);
  });

  it('behind an expectation is refused as well', async () => {
    const answer = await exchange(
      (socket) => {
        socket.write(
          head('Content-Type: application/json', 'Expect: 100-continue', `Content-Length: ${String(LIMIT + 1)}`),
        );
      },
      (text) => text.includes('large'),
    );
    expect(answer).toContain('HTTP/1.1 413');
    await goesOn();
  });
});

describe('a body that is deep or long', () => {
  it.each([
    ['10,000 nested lists', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['10,000 nested lists that never end', '['.repeat(10_000)],
    ['10,000 nested objects', '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)],
    ['both in turn', '[{"a":'.repeat(5000) + '1' + '}]'.repeat(5000)],
    ['50,000 brackets and a text', `${'['.repeat(50_000)}"]]]]`],
  ])('%s: 413', async (_name, body) => {
    expect(await post('application/json', body)).toEqual([413, { detail: 'Request body is nested too deeply.' }]);
    await goesOn();
  });

  it('a text of brackets is only a text', async () => {
    expect(await post('application/json', JSON.stringify('['.repeat(10_000)))).toEqual([200, '['.repeat(10_000)]);
  });

  it('more fields than a form may have: 413', async () => {
    const form = 'application/x-www-form-urlencoded';
    expect((await post(form, 'a&'.repeat(1000)))[0]).toBe(200);
    expect(await post(form, 'a&'.repeat(1001))).toEqual([413, { detail: 'Request has too many fields.' }]);
  });

  it('more parameters than a query may have: 413 in the shape of DRF', async () => {
    const query = (count: number): Promise<readonly [number, unknown]> =>
      ask(lines(`GET /?${'a&'.repeat(count)}format=json HTTP/1.1`, 'Host: a', 'Connection: close'));
    expect((await query(999))[0]).toBe(200);
    expect(await query(1000)).toEqual([413, { detail: 'Request has too many query parameters.' }]);
  });
});

describe('headers', () => {
  const get = (...headers: string[]): Promise<readonly [number, unknown]> =>
    ask(Buffer.from(lines('GET /closed HTTP/1.1', 'Host: a', 'Connection: close', ...headers), 'latin1'));

  it.each([
    ['Token', 'Invalid token header. No credentials provided.'],
    ['Token a b', 'Invalid token header. Token string should not contain spaces.'],
    ['Token \u00ff', 'Invalid token header. Token string should not contain invalid characters.'],
    ['Token x', 'Invalid token.'],
    ['Basic', 'Invalid basic header. No credentials provided.'],
    ['Basic a b', 'Invalid basic header. Credentials string should not contain spaces.'],
    ['Basic @', 'Invalid basic header. Credentials not correctly base64 encoded.'],
    ['Basic eDp5', 'Invalid username/password.'],
    ['Basic\u00a0eDp5', 'Authentication credentials were not provided.'],
    ['Digest x', 'Authentication credentials were not provided.'],
    ['', 'Authentication credentials were not provided.'],
    [' ', 'Authentication credentials were not provided.'],
  ])('D-149 to D-154: Authorization: %j is 401', async (value, detail) => {
    expect(await get(`Authorization: ${value}`)).toEqual([401, { detail }]);
  });

  it('several of one name are malformed credentials, and never the first of them', async () => {
    expect(await get('Authorization: Token a', 'Authorization: Token b')).toEqual([
      401,
      { detail: 'Invalid token header. Token string should not contain spaces.' },
    ]);
  });

  it('several lengths, or a length beside chunks, are refused by the server', async () => {
    for (const headers of [
      ['Content-Length: 1', 'Content-Length: 2'],
      ['Content-Length: 1', 'Transfer-Encoding: chunked'],
      ['Content-Length: -1'],
      ['Content-Length: 1e3'],
      ['Content-Length: 0x10'],
      ['Transfer-Encoding: chunked, identity'],
    ]) {
      expect((await ask(head('Content-Type: application/json', ...headers) + '1\r\n0\r\n\r\n'))[0]).toBe(400);
    }
    await goesOn();
  });

  it('too long are 431, a single one and many together', async () => {
    for (const headers of [
      [`X-Long: ${'x'.repeat(20_000)}`],
      Array.from({ length: 5000 }, (_, i) => `X-${String(i)}: x`),
    ]) {
      expect((await get(...headers))[0]).toBe(431);
    }
    await goesOn();
  });

  it('just short of that are an answer like any other', async () => {
    for (const header of [
      `Authorization: Token ${'x'.repeat(15_000)}`,
      `Authorization: Basic ${'eDp5'.repeat(3500)}`,
      `Authorization: ${'x'.repeat(15_000)}`,
      `Authorization: Token${' '.repeat(15_000)}x`,
    ]) {
      expect((await get(header))[0]).toBe(401);
    }
    expect((await get(`Accept: ${'a/b,'.repeat(3700)}`))[0]).toBe(406);
    expect((await get(`Accept: a/b${';x="'.repeat(3000)}`))[0]).toBe(406);
    expect((await get(`X-Forwarded-For: ${'1.1.1.1, '.repeat(1500)}`))[0]).toBe(401);
  });

  it('Accept of garbage is 406 in the shape of DRF', async () => {
    for (const value of ['', '*', 'garbage', 'image/png', ';;;', ',,,', '"', '\u00ff', '*/json', 'application']) {
      const [status, body] = await get(`Accept: ${value}`);
      expect([value, status === 406 || (status === 401 && value === '*/json')]).toEqual([value, true]);
      expect(body).toEqual({ detail: expect.any(String) });
    }
  });

  it('with a NUL or a bare line break inside are refused by the server', async () => {
    for (const value of ['a\0b', 'a\rb', 'a\nb']) expect((await get(`X-Odd: ${value}`))[0]).toBe(400);
    await goesOn();
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['garbage', '\0\x01\x02\x03garbage\r\n\r\n'],
    ['a TLS greeting', Buffer.from('160301020001', 'hex')],
    ['small letters', 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an unknown method', 'FOO / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an unknown version', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a broken chunk', `${head('Transfer-Encoding: chunked', 'Content-Type: application/json')}zz\r\n`],
  ])('%s is a 400 of the server, which goes on', async (_name, bytes) => {
    const [status] = await ask(bytes);
    expect(Number.isNaN(status) || status === 400).toBe(true);
    await goesOn();
  });

  it('HTTP/1.0 without a host is answered', async () => {
    expect(await ask('GET / HTTP/1.0\r\n\r\n')).toEqual([200, 'fine']);
  });

  it('requests that follow each other in one packet are answered in order', async () => {
    const one = (at: string): string => lines(`GET ${at} HTTP/1.1`, 'Host: a');
    const answer = await exchange((socket) => {
      socket.write(one('/') + one('/closed') + one('/') + lines('GET /x HTTP/1.1', 'Host: a', 'Connection: close'));
    });
    expect([...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)).toEqual([
      '200',
      '401',
      '200',
      '200',
    ]);
  });

  it('a body that ends early, and one that never comes, hold nobody else up', async () => {
    const half = connect(server.port, '127.0.0.1');
    half.on('error', () => undefined);
    half.write(`${head('Content-Type: application/json', 'Content-Length: 100')}{`);
    await goesOn();
    half.end();
    const silent = connect(server.port, '127.0.0.1');
    silent.write('POST /');
    await goesOn();
    half.destroy();
    silent.destroy();
    await goesOn();
  });
});
