import { describe, expect, it } from '@jest/globals';
import { Agent, request as httpRequest } from 'node:http';
import { APIView, defineSettings, MultiPartParser, Response, UploadedFile } from 'sallyport';
import type { Handler, ParserClasses, QueryDict, Request, SettingsInput, ViewResult } from 'sallyport';
import { BOUNDARY, multipart, typed, type Part } from '../support/multipart';
import { call, serve, type Answer } from '../support/server';

async function describeValue(value: unknown): Promise<unknown> {
  if (!(value instanceof UploadedFile)) return value;
  const { name, contentType, size } = value;
  return { name, contentType, size, text: await value.text() };
}

class Echo extends APIView {
  static override parserClasses: ParserClasses = [MultiPartParser];
  override async post(request: Request): Promise<ViewResult> {
    const data = request.data as QueryDict<unknown>;
    const lists: [string, unknown[]][] = [];
    for (const [name, values] of data.lists()) lists.push([name, await Promise.all(values.map(describeValue))]);
    return new Response({ data: lists, files: [...request.files.keys()], fields: [...request.POST.keys()] });
  }
}

const echo = (settings: SettingsInput = {}): Handler => Echo.asView({ settings: defineSettings(settings) });

function send(body: string | Uint8Array, options = typed(), settings: SettingsInput = {}): Promise<Answer> {
  return call(echo(settings), { ...options, body });
}

/** The value of the only part. */
async function only(part: Part): Promise<unknown> {
  const { json } = await send(multipart([part]));
  const [[, values]] = json.data as [[string, unknown[]]];
  expect(values).toHaveLength(1);
  return values[0];
}

describe('MultiPartParser', () => {
  it('gives fields and files, each with all its values in order (D-282)', async () => {
    const { status, json } = await send(
      multipart([
        { name: 'a', content: '1' },
        { name: 'f', filename: 'one.bin', content: 'x' },
        { name: 'a', content: '' },
        { name: 'f', filename: 'two.png', headers: ['Content-Type: image/png'], content: 'yz' },
        { name: 'f', content: 'a field' },
      ]),
    );
    expect(status).toBe(200);
    expect(json).toEqual({
      data: [
        ['a', ['1', '']],
        [
          'f',
          [
            'a field',
            { name: 'one.bin', contentType: '', size: 1, text: 'x' },
            { name: 'two.png', contentType: 'image/png', size: 2, text: 'yz' },
          ],
        ],
      ],
      files: ['f'],
      fields: ['a', 'f'],
    });
  });

  it('takes an upload input that was left empty for a field (D-282)', async () => {
    expect(await only({ filename: '', content: '' })).toBe('');
    expect(await only({ filename: '', content: 'x' })).toBe('x');
  });

  it('takes a file without content', async () => {
    expect(await only({ filename: 'empty.txt' })).toEqual({ name: 'empty.txt', contentType: '', size: 0, text: '' });
  });

  it.each([
    [`form-data; name=f; filename=bare.txt`, 'bare.txt'],
    [`form-data; name="f"; filename="naïve.txt"`, 'naïve.txt'],
    [`form-data; name="f"; filename*=utf-8''na%C3%AFve.txt`, 'naïve.txt'],
    [`form-data; name="f"; filename="plain"; filename*=UTF-8''%e2%82%ac`, '€'],
    [`form-data; name="f"; filename*=iso-8859-1'en'na%EFve.txt; filename="plain"`, 'naïve.txt'],
    [`form-data; name="f"; filename="a;b=\\"c\\".txt"`, 'a;b="c".txt'],
    [`FORM-DATA; NAME="f"; FILENAME="caps.txt"`, 'caps.txt'],
  ])('finds the file name in %s (D-282)', async (disposition, name) => {
    expect(await only({ disposition, content: 'x' })).toMatchObject({ name });
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['/etc/passwd', 'passwd'],
    ['C:\\dir\\file.txt', 'file.txt'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['a/b\\c.txt', 'c.txt'],
    ['&#46;&#46;&#47;x&#8364;.txt', 'x€.txt'],
    ['a\u0000b\u202ec.txt', 'abc.txt'],
    ['   ', '   '],
    [`${'x'.repeat(300)}.txt`, `${'x'.repeat(251)}.txt`],
  ])('keeps of the file name %j only the name (D-288)', async (filename, name) => {
    expect(await only({ filename, content: 'x' })).toMatchObject({ name });
  });

  it.each(['.', '..', 'dir/', 'dir\\', '/..', '\u0000'])(
    'drops a file with nothing usable in its name: %j (D-288)',
    async (filename) => {
      const { json } = await send(
        multipart([
          { filename, content: 'x' },
          { name: 'a', content: '1' },
        ]),
      );
      expect(json).toEqual({ data: [['a', ['1']]], files: [], fields: ['a'] });
    },
  );

  it('gives the content type of a file without parameters and in small letters (D-288)', async () => {
    const headers = ['content-type: Text/HTML; charset=utf-8'];
    expect(await only({ filename: 'x', headers })).toMatchObject({ contentType: 'text/html' });
  });

  it('decodes base64, of files also in lines (D-282)', async () => {
    const headers = ['Content-Transfer-Encoding: BASE64'];
    const bytes = Buffer.from('Zoë'.repeat(50));
    const lines = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
    expect(await only({ filename: 'x', headers, content: lines })).toMatchObject({ text: bytes.toString() });
    expect(await only({ headers, content: lines })).toBe(bytes.toString());
  });

  it('refuses a file of broken base64; a field then is the text itself (D-282)', async () => {
    const headers = ['Content-Transfer-Encoding: base64'];
    const { status, json } = await send(multipart([{ filename: 'x', headers, content: 'QUJDR' }]));
    expect([status, json]).toEqual([400, { detail: 'Multipart form parse error - Could not decode base64 data.' }]);
    expect(await only({ headers, content: 'QUJDR' })).toBe('QUJDR');
  });

  it('reads names and values in the charset of the content type, with U+FFFD for what does not decode', async () => {
    const body = Buffer.from(multipart([{ name: 'é', content: 'é' }]).toString(), 'latin1');
    expect((await send(body, typed(BOUNDARY, '; charset=iso-8859-1'))).json.data).toEqual([['é', ['é']]]);
    expect((await send(body)).json.data).toEqual([['\ufffd', ['\ufffd']]]);
  });

  it('keeps names of prototypes apart from prototypes', async () => {
    const { json } = await send(
      multipart([
        { name: '__proto__', content: '1' },
        { name: 'constructor', filename: '__proto__', content: 'x' },
        { name: 'toString', headers: ['__proto__: x', 'constructor: y'], content: '2' },
      ]),
    );
    expect(json).toEqual({
      data: [
        ['__proto__', ['1']],
        ['toString', ['2']],
        ['constructor', [{ name: '__proto__', contentType: '', size: 1, text: 'x' }]],
      ],
      files: ['constructor'],
      fields: ['__proto__', 'toString'],
    });
  });

  it.each([
    ['multipart/form-data', 'None'],
    ['multipart/form-data; boundary=', ''],
    ['multipart/form-data; boundary="a "', 'a '],
    ['multipart/form-data; boundary=\xe9', '\xe9'],
    [`multipart/form-data; boundary=${'b'.repeat(202)}`, 'b'.repeat(202)],
  ])('answers 400 to %s (D-282)', async (contentType, shown) => {
    const { status, json } = await send('a=1', { method: 'POST', headers: { 'Content-Type': contentType } });
    expect([status, json]).toEqual([
      400,
      { detail: `Multipart form parse error - Invalid boundary in multipart: ${shown}` },
    ]);
  });

  it.each(['x', '-', '--', 'b'.repeat(70), 'b'.repeat(201), `0'()+_,-./:=?`])(
    'takes the boundary %s',
    async (boundary) => {
      const { json } = await send(multipart([{ name: 'a', content: '\r\n--' }], boundary), typed(`"${boundary}"`));
      expect(json.data).toEqual([['a', ['\r\n--']]]);
    },
  );

  const field = 'Content-Disposition: form-data; name="a"\r\n\r\n';
  it.each([
    ['nothing but other text', 'garbage', []],
    ['only the end', '--x--\r\n', []],
    ['no part', '--x\r\n--x--\r\n', []],
    ['no end', `--x\r\n${field}1`, [['a', ['1']]]],
    ['an end within the delimiter', `--x\r\n${field}1\r\n--x`, [['a', ['1']]]],
    ['blanks behind a delimiter', `--x \t \r\n${field}1\r\n--x  \r\n${field}2\r\n--x--  \r\n`, [['a', ['1', '2']]]],
    ['blanks in place of its line', `--x  y\r\n${field}1\r\n--x\r\n${field}2\r\n--x--`, [['a', ['2']]]],
    ['an end within a header', `--x\r\n${field}1\r\n--x\r\nContent-Disp`, [['a', ['1']]]],
    ['a header without content', `--x\r\n${field}`, [['a', ['']]]],
    ['text before', `hello\r\n--x\r\n${field}1\r\n--x--`, [['a', ['1']]]],
    ['parts behind the end', `--x\r\n${field}1\r\n--x--\r\n--x\r\n${field}2\r\n--x--`, [['a', ['1']]]],
    ['a part without headers', `--x\r\n\r\n1\r\n--x\r\n${field}2\r\n--x--`, [['a', ['2']]]],
    [
      'a part without a name',
      `--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x\r\n${field}2\r\n--x--`,
      [['a', ['2']]],
    ],
    ['a header that is none', `--x\r\nfoo\r\n\r\n1\r\n--x\r\n${field}2\r\n--x--`, [['a', ['2']]]],
    [
      'another multipart inside',
      `--x\r\n${field}--y\r\n${field}1\r\n--y--\r\n--x--`,
      [['a', [`--y\r\n${field}1\r\n--y--`]]],
    ],
  ])('bears a body with %s', async (_what, body, data) => {
    const { status, json } = await send(body, typed('x'));
    expect([status, json.data]).toEqual([200, data]);
  });

  const file = 'Content-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n';
  it.each([
    ['within its content', `${field}1\r\n--x\r\n${file}half`, [['a', ['1']]]],
    ['before its content', `${field}1\r\n--x\r\n${file}`, [['a', ['1']]]],
    ['within its base64', `${field}1\r\n--x\r\nContent-Transfer-Encoding: base64\r\n${file}YW`, [['a', ['1']]]],
    ['within the delimiter behind it', `${file}half\r\n--`, []],
  ])('gives no file that the body cuts off %s', async (_where, parts, data) => {
    const { status, json } = await send(`--x\r\n${parts}`, typed('x'), { fileUploadMaxMemorySize: 2 });
    expect([status, json.data, json.files]).toEqual([200, data, []]);
  });

  it('gives a file that is whole where the body ends behind it', async () => {
    const { json } = await send(`--x\r\n${file}whole\r\n--x\r\n`, typed('x'));
    expect(json.data).toEqual([['f', [{ name: 'a.txt', contentType: '', size: 5, text: 'whole' }]]]);
  });

  it('reads a body that comes byte by byte', async () => {
    const body = multipart([
      { name: 'a', content: 'é\r\n--' },
      { filename: 'x', content: 'content' },
    ]);
    const server = await serve(echo());
    const text = await new Promise<string>((resolve, reject) => {
      const outgoing = httpRequest({ port: server.port, ...typed() }, (incoming) => {
        incoming.on('data', (chunk: Buffer) => {
          resolve(chunk.toString());
        });
      });
      outgoing.on('error', reject);
      for (const byte of body) outgoing.write(Buffer.from([byte]));
      outgoing.end();
    });
    await server.close();
    expect(JSON.parse(text).data).toEqual([
      ['a', ['é\r\n--']],
      ['f', [{ name: 'x', contentType: '', size: 7, text: 'content' }]],
    ]);
  });

  it('parses bytes that somebody has read before', async () => {
    class Signed extends Echo {
      override async post(request: Request): Promise<ViewResult> {
        await request.body();
        return super.post(request);
      }
      override checkPermissions(request: Request): Promise<void> {
        return request.body().then(() => undefined);
      }
    }
    const { json } = await call(Signed.asView(), { ...typed(), body: multipart([{ name: 'a', content: '1' }]) });
    expect(json.data).toEqual([['a', ['1']]]);
  });
});

describe('a second view on the same request', () => {
  it('sees the form that the first has read (D-130)', async () => {
    const inner = echo();
    class Outer extends Echo {
      override async post(request: Request): Promise<ViewResult> {
        expect((request.data as QueryDict).get('a')).toBe('1');
        await inner(request.raw, (request.raw as unknown as { answer: Parameters<Handler>[1] }).answer);
        return new Response('not sent, since the inner view has answered');
      }
    }
    const outer = Outer.asView();
    const body = multipart([
      { name: 'a', content: '1' },
      { filename: 'x', content: 'y' },
    ]);
    const { json } = await call((request, answer) => outer(Object.assign(request, { answer }), answer), {
      ...typed(),
      body,
    });
    expect(json.data).toEqual([
      ['a', ['1']],
      ['f', [{ name: 'x', contentType: '', size: 1, text: 'y' }]],
    ]);
  });
});

describe('limits of multipart bodies', () => {
  const tooLarge = { detail: 'Request body is too large.' };

  it('are those of Django in number of fields and files (D-283)', async () => {
    const { dataUploadMaxNumberFields, dataUploadMaxNumberFiles, dataUploadMaxMemorySize } = defineSettings();
    expect([dataUploadMaxNumberFields, dataUploadMaxNumberFiles, dataUploadMaxMemorySize]).toEqual([
      1000, 100, 2_621_440,
    ]);
    const fields = (count: number): Buffer => multipart(Array.from({ length: count }, () => ({ name: 'a' })));
    const files = (count: number): Buffer => multipart(Array.from({ length: count }, () => ({ filename: 'x' })));
    expect((await send(fields(1000))).status).toBe(200);
    expect((await send(files(100))).status).toBe(200);
    const manyFields = await send(fields(1001));
    expect([manyFields.status, manyFields.json]).toEqual([413, { detail: 'Request has too many fields.' }]);
    const manyFiles = await send(files(101));
    expect([manyFiles.status, manyFiles.json]).toEqual([413, { detail: 'Request has too many files.' }]);
  });

  it('count parts that are neither', async () => {
    const body = Buffer.from('--x\r\n\r\n\r\n'.repeat(2000));
    expect((await send(body, typed('x'))).json).toEqual({ detail: 'Request has too many fields.' });
    const open = { dataUploadMaxNumberFields: null };
    expect((await send(body, typed('x'), open)).json.data).toEqual([]);
  });

  it('hold fields together within the memory limit, and leave files out (D-131, D-283)', async () => {
    const settings = { dataUploadMaxMemorySize: 100 };
    const two = (size: number): Buffer =>
      multipart([
        { name: 'a', content: 'x'.repeat(size) },
        { name: 'b', content: 'x'.repeat(size) },
        { filename: 'f', content: 'x'.repeat(1000) },
      ]);
    expect((await send(two(47), typed(), settings)).status).toBe(200);
    const refused = await send(two(48), typed(), settings);
    expect([refused.status, refused.json]).toEqual([413, tooLarge]);
    expect((await send(two(48), typed(), { dataUploadMaxMemorySize: null })).status).toBe(200);
  });

  it('hold the whole body within a limit of its own, told or counted', async () => {
    const body = multipart([{ filename: 'f', content: 'x'.repeat(1000) }]);
    for (const chunked of [false, true]) {
      expect((await send(body, { ...typed(), chunked }, { fileUploadMaxSize: body.length })).status).toBe(200);
      const refused = await send(body, { ...typed(), chunked }, { fileUploadMaxSize: body.length - 1 });
      expect([refused.status, refused.json]).toEqual([413, tooLarge]);
    }
    expect((await send(body, typed(), { fileUploadMaxSize: null })).status).toBe(200);
  });

  it('hold the headers of a part', async () => {
    for (const size of [17_000, 200_000]) {
      const { status, json } = await send(
        multipart([{ name: 'a', headers: [`X: ${'y'.repeat(size)}`], content: '1' }]),
      );
      expect([status, json]).toEqual([413, { detail: 'Request has too long headers in a part.' }]);
    }
    const endless = await send(`--x\r\nContent-Disposition: form-data; name="${'y'.repeat(300_000)}`, typed('x'));
    expect([endless.status, endless.json.data]).toEqual([200, []]);
  });

  it('leave the connection to the next request, since the rest of the body is read and thrown away', async () => {
    const server = await serve(echo({ fileUploadMaxSize: 100_000 }));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (body: Buffer): Promise<{ status: number | undefined; port: number | undefined }> =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest({ port: server.port, agent, ...typed() }, (incoming) => {
          const { localPort: port } = incoming.socket;
          incoming.resume().on('end', () => {
            resolve({ status: incoming.statusCode, port });
          });
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    const refused = await post(multipart([{ filename: 'f', content: 'x'.repeat(5_000_000) }]));
    expect(refused.status).toBe(413);
    expect(await post(multipart([{ name: 'a', content: '1' }]))).toEqual({ status: 200, port: refused.port });
    agent.destroy();
    await server.close();
  });
});
