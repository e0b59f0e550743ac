import { describe, expect, it } from '@jest/globals';
import {
  APIView,
  BaseParser,
  defineSettings,
  FileUploadParser,
  FormParser,
  JSONParser,
  MultiPartParser,
  obtainAuthToken,
  QueryDict,
  Response,
} from 'sallyport';
import type { Params, ParserClasses, Request, SettingsInput, UploadedFile } from 'sallyport';
import { authtoken } from '../../src/auth/token';
import { MemoryTokenStore, MemoryUserStore } from '../../src/testing/memory-stores';
import { call, errorLog, type Answer, type RequestOptions } from '../support/server';

/** Posts to a view with these parsers; the view tells what it got. */
function post(
  parserClasses: ParserClasses,
  options: RequestOptions & { readonly settings?: SettingsInput; readonly params?: Params },
): Promise<Answer> {
  class Echo extends APIView {
    static override settings = defineSettings(options.settings);
    static override parserClasses = parserClasses;
    override post(request: Request): Response {
      const { data, files } = request;
      return new Response({
        form: data instanceof QueryDict,
        data: data instanceof QueryDict ? Object.fromEntries(data.lists()) : data,
        files: [...files.keys()],
      });
    }
  }
  const view = Echo.asView();
  return call((request, response) => view(Object.assign(request, { params: options.params ?? {} }), response), {
    method: 'POST',
    ...options,
  });
}

const json = { 'Content-Type': 'application/json' };

describe('JSONParser', () => {
  const parse = (
    body: string | Uint8Array,
    contentType = 'application/json',
    settings?: SettingsInput,
  ): Promise<Answer> =>
    post([JSONParser], { body, headers: { 'Content-Type': contentType }, settings: settings ?? {} });

  it('gives whatever stands at the top (D-279)', async () => {
    for (const value of [{ a: [1, null] }, [1, 'two'], 'text', '', 12, true, false, null, {}]) {
      const { json: answer } = await parse(JSON.stringify(value));
      expect(answer).toEqual({ form: false, data: value, files: [] });
    }
  });

  it('answers 400 in the words of Python to what is no JSON (D-277)', async () => {
    const { status, json: answer } = await parse('{"a":1,}');
    expect(status).toBe(400);
    expect(answer).toEqual({
      detail: 'JSON parse error - Expecting property name enclosed in double quotes: line 1 column 8 (char 7)',
    });
  });

  it('answers 400 to a byte order mark (D-280)', async () => {
    const { json: answer } = await parse('\ufeff{}');
    expect(answer).toEqual({
      detail: 'JSON parse error - Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)',
    });
  });

  it('reads the charset of the content type, UTF-8 where nobody knows it (D-276)', async () => {
    const latin1 = Buffer.from('"\xe9\x80"', 'latin1');
    const names = ['iso-8859-1', 'latin-1', 'LATIN1', '"iso-8859-1"'];
    for (const name of names) {
      const { json: answer } = await parse(latin1, `application/json; charset=${name}`);
      expect(answer.data).toBe('\xe9\x80');
    }
    const utf16 = Buffer.from('\ufeff"Zoë"', 'utf16le');
    expect((await parse(utf16, 'application/json; charset=utf-16')).json.data).toBe('Zoë');
    expect((await parse(utf16.swap16(), 'application/json; charset=utf-16')).json.data).toBe('Zoë');
    expect((await parse('"Zoë"', 'application/json; charset=no-such')).json.data).toBe('Zoë');
    const broken = await parse(latin1);
    expect(broken.status).toBe(400);
    expect(broken.json.detail).toMatch(/^JSON parse error - 'utf-8' codec can't decode/);
  });

  it('takes NaN and infinities where the setting or the class says so (D-278)', async () => {
    class Lax extends JSONParser {
      override readonly strict = false;
    }
    class Strict extends JSONParser {
      override readonly strict = true;
    }
    const body = '{"a": NaN, "b": -Infinity}';
    const lax = { strictJson: false };
    const told = (answer: Answer): unknown => (answer.status === 200 ? answer.text : answer.json.detail);
    const refusal = "JSON parse error - Out of range float values are not JSON compliant: 'NaN'";
    const read = '{"form":false,"data":{"a":NaN,"b":-Infinity},"files":[]}';
    expect(told(await post([JSONParser], { body, headers: json }))).toBe(refusal);
    expect(told(await post([JSONParser], { body, headers: json, settings: lax }))).toBe(read);
    expect(told(await post([Strict], { body, headers: json, settings: lax }))).toBe(refusal);
    const { logger, errors } = errorLog();
    const { status } = await post([Lax], { body: '{"a": NaN}', headers: json, settings: { logger } });
    // It was read, but strict JSON can't write it (D-294).
    expect([status, errors]).toEqual([500, [expect.any(RangeError)]]);
  });

  it('gives back all digits of a big integer (D-279)', async () => {
    const { text } = await parse('{"id": 12345678901234567890}');
    expect(text).toBe('{"form":false,"data":{"id":12345678901234567890},"files":[]}');
  });

  it('refuses with 413 what is nested deeper than the setting, and what is larger (D-131)', async () => {
    const deep = await parse('['.repeat(201) + ']'.repeat(201));
    expect([deep.status, deep.json]).toEqual([413, { detail: 'Request body is nested too deeply.' }]);
    const large = await parse(JSON.stringify('x'.repeat(100)), 'application/json', { dataUploadMaxMemorySize: 99 });
    expect([large.status, large.json]).toEqual([413, { detail: 'Request body is too large.' }]);
  });
});

describe('FormParser', () => {
  const parse = (body: string | Uint8Array, charset = ''): Promise<Answer> =>
    post([FormParser], { body, headers: { 'Content-Type': `application/x-www-form-urlencoded${charset}` } });

  it('gives all values of a name, blank ones too (D-281)', async () => {
    const { json: answer } = await parse('a=1&a=2&b=&c&d+e=%7E%2b+&=x');
    expect(answer).toEqual({
      form: true,
      data: { a: ['1', '2'], b: [''], c: [''], 'd e': ['~+ '], '': ['x'] },
      files: [],
    });
  });

  it('decodes by the charset, and puts U+FFFD for what does not decode (D-281)', async () => {
    expect((await parse('a=%E9', '; charset=iso-8859-1')).json.data).toEqual({ a: ['é'] });
    expect((await parse('a=%E9')).json.data).toEqual({ a: ['\ufffd'] });
    expect((await parse(Buffer.from('a=\xe9', 'latin1'))).json.data).toEqual({ a: ['é'] });
  });

  it('keeps names of prototypes apart from prototypes', async () => {
    const { json: answer } = await parse('__proto__=1&constructor=2');
    expect(Object.entries(answer.data as object)).toEqual([
      ['__proto__', ['1']],
      ['constructor', ['2']],
    ]);
  });
});

describe('FileUploadParser', () => {
  class Upload extends APIView {
    static override parserClasses: ParserClasses = [FileUploadParser];
    override async post(request: Request): Promise<Response> {
      const file = request.files.get('file') as UploadedFile;
      const { name, contentType, size } = file;
      return new Response({ name, contentType, size, text: await file.text(), fields: request.POST.size });
    }
  }
  function upload(options: RequestOptions, params: Params = {}, settings: SettingsInput = {}): Promise<Answer> {
    const view = Upload.asView({ settings: defineSettings(settings) });
    return call((request, response) => view(Object.assign(request, { params }), response), {
      method: 'POST',
      body: 'meow',
      ...options,
    });
  }
  const named = (disposition: string): RequestOptions => ({ headers: { 'Content-Disposition': disposition } });

  it('takes the whole body as one file, whatever its type (D-284)', async () => {
    const { json: answer } = await post([FileUploadParser], {
      body: 'a=1',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Disposition': 'attachment; filename=f' },
    });
    expect(answer).toEqual({
      form: false,
      data: { file: { name: 'f', contentType: 'application/x-www-form-urlencoded', size: 3 } },
      files: ['file'],
    });
  });

  it('gives the file with the whole content type of the request (D-284, D-288)', async () => {
    const headers = { 'Content-Type': 'text/plain; charset=x', 'Content-Disposition': 'attachment; filename=cat.txt' };
    const { json: answer } = await upload({ headers });
    expect(answer).toEqual({ name: 'cat.txt', contentType: 'text/plain; charset=x', size: 4, text: 'meow', fields: 0 });
    expect((await upload(named('x; filename=f'))).json.contentType).toBe('');
  });

  it.each([
    ['attachment; filename=pic.png', 'pic.png'],
    ['attachment; filename="a b;c.txt"', 'a b;c.txt'],
    ['attachment; filename="a\\"b\\\\c"', 'a"b\\c'],
    ['attachment; FileName = "up.txt"', 'up.txt'],
    ["attachment; filename=plain.txt; filename*=utf-8''na%C3%AFve.txt", 'naïve.txt'],
    ["attachment; filename*=utf-8'en'na%C3%AFve.txt; filename=plain.txt", 'naïve.txt'],
    ["attachment; filename*=iso-8859-1''na%EFve.txt", 'naïve.txt'],
    ["attachment; filename=plain.txt; filename*=no-such''x", 'plain.txt'],
    ['attachment; filename*=bare.txt', 'bare.txt'],
    ['attachment; filename="../../etc/passwd"', 'passwd'],
    ['attachment; filename="C:\\\\dir\\\\file.txt"', 'C:\\dir\\file.txt'],
  ])('finds the name in %s (D-285)', async (disposition, name) => {
    expect((await upload(named(disposition))).json.name).toBe(name);
  });

  it('prefers the route parameter filename (D-285)', async () => {
    const { json: answer } = await upload(named('attachment; filename=other.txt'), { filename: 'cat.jpg' });
    expect(answer.name).toBe('cat.jpg');
  });

  it.each(['attachment', 'attachment; filename=', 'attachment; filename="a/"', 'attachment; filename=..', ''])(
    'answers 400 without a name: %s (D-285)',
    async (disposition) => {
      const { status, json: answer } = await upload(named(disposition));
      expect(status).toBe(400);
      expect(answer).toEqual({
        detail: 'Missing filename. Request should include a Content-Disposition header with a filename parameter.',
      });
    },
  );

  it('answers 400 when the file is too large for memory and may not go to disk (D-286)', async () => {
    const settings = { fileUploadMaxMemorySize: 3, fileUploadTempDir: null };
    const { status, json: answer } = await upload(named('x; filename=f'), {}, settings);
    expect([status, answer]).toEqual([
      400,
      { detail: 'FileUpload parse error - none of upload handlers can handle the stream' },
    ]);
    expect((await upload(named('x; filename=f'), {}, { ...settings, fileUploadMaxMemorySize: 4 })).status).toBe(200);
  });

  it('answers 413 to a file over the limit, with and without a length', async () => {
    const settings = { fileUploadMaxSize: 3 };
    for (const chunked of [false, true]) {
      const { status, json: answer } = await upload({ ...named('x; filename=f'), chunked }, {}, settings);
      expect([status, answer]).toEqual([413, { detail: 'Request body is too large.' }]);
    }
    expect((await upload(named('x; filename=f'), {}, { fileUploadMaxSize: 4 })).status).toBe(200);
  });
});

describe('parsers', () => {
  it('are JSON, form and multipart where neither view nor settings name any (D-287)', () => {
    expect(defineSettings().defaultParserClasses).toEqual([JSONParser, FormParser, MultiPartParser]);
  });

  it('of the view that gives tokens take forms, multipart ones too, and JSON (S-083)', async () => {
    const users = new MemoryUserStore();
    await users.createUser({ username: 'alice', password: 'wonderland' });
    const settings = defineSettings({ users }, authtoken({ store: new MemoryTokenStore() }));
    const { status, json: answer } = await call(obtainAuthToken(settings), {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      body:
        '--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nalice\r\n' +
        '--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nwonderland\r\n--x--',
    });
    expect(status).toBe(200);
    expect(answer.token).toMatch(/^[0-9a-f]{40}$/);
  });

  it('must parse: the base class says so where TypeScript is not asked (D-275)', () => {
    const Lazy = class extends (BaseParser as unknown as new () => { parse(): unknown }) {};
    const parse = (): unknown => new Lazy().parse();
    expect(parse).toThrow('.parse() must be overridden.');
  });
});
