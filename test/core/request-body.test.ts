import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import {
  APIView,
  BaseParser,
  cloneRequest,
  DataAndFiles,
  DataPending,
  defineSettings,
  FormParser,
  JSONParser,
  ParseError,
  QueryDict,
  Response,
  WrappedAttributeError,
} from 'sallyport';
import type { Handler, HostRequest, ParserClasses, Request, RequestStream, SettingsInput } from 'sallyport';
import { call, errorLog, serve } from '../support/server';

const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const json = { 'Content-Type': 'application/json' };

/** A view whose methods are all `work`. */
function viewOf(
  work: (request: Request) => unknown,
  { parsers = [JSONParser, FormParser], ...options }: SettingsInput & { readonly parsers?: ParserClasses } = {},
): Handler {
  class View extends APIView {
    static override settings = defineSettings({ logger: errorLog().logger, ...options });
    static override authenticationClasses = [];
    static override parserClasses = parsers;
    override async post(request: Request): Promise<Response> {
      return new Response((await work(request)) ?? 'nothing');
    }
    override get(request: Request): Promise<Response> {
      return this.post(request);
    }
    override put(request: Request): Promise<Response> {
      return this.post(request);
    }
    override patch(request: Request): Promise<Response> {
      return this.post(request);
    }
    override delete(request: Request): Promise<Response> {
      return this.post(request);
    }
  }
  return View.asView();
}
const echo = viewOf((request) => [request.data]);

const attempt = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};
const nameOf = (work: () => unknown): string => {
  const outcome = attempt(work);
  return outcome instanceof Error ? outcome.name : typeof outcome;
};

describe('request.data', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'])('D-118: is the parsed body of a %s', async (method) => {
    expect((await call(echo, { method, body: { a: [1] } })).json).toEqual([{ a: [1] }]);
  });

  it('D-117: nothing is read until somebody asks: a lazy view leaves the stream to others', async () => {
    const view = viewOf((request) => (request.raw as { readableDidRead?: boolean }).readableDidRead, { parsers: [] });
    expect((await call(view, { method: 'POST', body: 'x' })).json).toBe(false);
  });

  it('D-117: is parsed once', async () => {
    let parsed = 0;
    class Counting extends JSONParser {
      override parse(...args: Parameters<JSONParser['parse']>): Promise<unknown> {
        parsed++;
        return super.parse(...args);
      }
    }
    const view = viewOf((request) => [request.data === request.data], { parsers: [Counting] });
    expect((await call(view, { method: 'POST', body: {} })).json).toEqual([true]);
    expect(parsed).toBe(1);
  });

  it('D-118, D-125: of a form is a mapping of several values, and of the last ones as JSON', async () => {
    const view = viewOf((request) => {
      const data = request.data as QueryDict;
      return [data instanceof QueryDict, data.getlist('a'), data];
    });
    const answer = await call(view, { method: 'POST', headers: form, body: 'a=1&a=2&b=' });
    expect(answer.text).toBe('[true,["1","2"],{"a":"2","b":""}]');
  });

  it('D-119: POST holds the fields of a form, and is empty for JSON', async () => {
    const view = viewOf((request) => [request.POST, request.files]);
    expect((await call(view, { method: 'POST', headers: form, body: 'a=1' })).json).toEqual([{ a: '1' }, {}]);
    expect((await call(view, { method: 'POST', body: { a: 1 } })).json).toEqual([{}, {}]);
  });

  it('D-120: without a body is an empty mapping, of a form for a form type; no parser is needed', async () => {
    const view = viewOf((request) => [request.data instanceof QueryDict, request.data]);
    for (const [headers, isForm] of [
      [{}, false],
      [json, false],
      [form, true],
      [{ 'Content-Type': 'multipart/form-data' }, true],
      [{ 'Content-Type': 'odd/type' }, false],
    ] as const) {
      for (const body of [undefined, '']) {
        const answer = await call(view, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
        expect(answer.json).toEqual([isForm, {}]);
      }
    }
  });

  it('D-121: a chunked body is read like any other, and may turn out to be empty', async () => {
    expect((await call(echo, { method: 'POST', body: { a: 1 }, chunked: true })).json).toEqual([{ a: 1 }]);
    expect((await call(echo, { method: 'POST', headers: json, body: '', chunked: true })).json).toEqual([{}]);
    expect((await call(echo, { method: 'POST', headers: form, body: '', chunked: true })).json).toEqual([{}]);
  });

  it('D-122: a type that no parser takes is 415, with the header as it came', async () => {
    for (const type of ['text/plain', 'Application/VND.api+json; charset=utf-8', 'garbage']) {
      const answer = await call(echo, { method: 'POST', headers: { 'Content-Type': type }, body: 'x' });
      expect([answer.status, answer.json]).toEqual([415, { detail: `Unsupported media type "${type}" in request.` }]);
    }
    const none = await call(echo, { method: 'POST', body: 'x' });
    expect([none.status, none.json]).toEqual([415, { detail: 'Unsupported media type "" in request.' }]);
  });

  it('D-123: types are compared without case and parameters; a wildcard takes the first parser', async () => {
    for (const type of ['APPLICATION/JSON', 'application/json; charset=utf-8', '*/*', 'application/*']) {
      expect((await call(echo, { method: 'POST', headers: { 'Content-Type': type }, body: '1' })).json).toEqual([1]);
    }
  });

  it('D-124: a parse error is thrown by the first read; later ones see an empty form', async () => {
    const view = viewOf((request) => [
      nameOf(() => request.data),
      nameOf(() => request.data),
      request.data instanceof QueryDict,
      (request.data as QueryDict).size,
      request.files.size,
      request.POST.size,
    ]);
    expect((await call(view, { method: 'POST', headers: json, body: '{' })).json).toEqual([
      'ParseError',
      'object',
      true,
      0,
      0,
      0,
    ]);
  });

  it('D-124: "unsupported media type" is thrown by each read', async () => {
    const view = viewOf((request) => [1, 2, 3].map(() => nameOf(() => request.data)));
    expect((await call(view, { method: 'POST', body: 'x' })).json).toEqual(Array(3).fill('UnsupportedMediaType'));
  });

  it('a view that never asks never sees a parse error', async () => {
    expect(
      (
        await call(
          viewOf(() => 'fine'),
          { method: 'POST', headers: json, body: '{' },
        )
      ).status,
    ).toBe(200);
  });

  it('D-126: a parser may return data and files', async () => {
    class Both extends BaseParser {
      readonly mediaType = '*/*';
      async parse(): Promise<DataAndFiles<string>> {
        return new DataAndFiles(
          new QueryDict([
            ['a', '1'],
            ['a', '2'],
          ]),
          new QueryDict([
            ['a', 'file'],
            ['b', 'other'],
          ]),
        );
      }
    }
    const view = viewOf(
      ({ data, POST, files }) => [[...(data as QueryDict<unknown>).lists()], [...POST.lists()], [...files.lists()]],
      { parsers: [Both] },
    );
    expect((await call(view, { method: 'POST', body: 'x' })).json).toEqual([
      [
        ['a', ['1', '2', 'file']],
        ['b', ['other']],
      ],
      [['a', ['1', '2']]],
      [
        ['a', ['file']],
        ['b', ['other']],
      ],
    ]);
  });

  it('D-020: a parser gets the view, its parameters, the request and the charset', async () => {
    let seen: unknown;
    class Curious extends BaseParser {
      readonly mediaType = '*/*';
      async parse(
        _stream: RequestStream,
        mediaType: string,
        context: Parameters<BaseParser['parse']>[2],
      ): Promise<unknown> {
        seen = [mediaType, Object.keys(context).sort(), context.charset.name];
        return null;
      }
    }
    const send = (type: string) =>
      call(
        viewOf((request) => request.data, { parsers: [Curious] }),
        { method: 'POST', headers: { 'Content-Type': type }, body: 'x' },
      );
    await send('text/x; charset=latin-1');
    expect(seen).toEqual(['text/x; charset=latin-1', ['charset', 'params', 'request', 'view'], 'latin-1']);
    await send('text/x; charset=nonsense');
    expect(seen).toEqual(['text/x; charset=nonsense', ['charset', 'params', 'request', 'view'], 'utf-8']);
  });

  it.each([
    ['TypeError', new TypeError('bug')],
    ['ReferenceError', new ReferenceError('bug')],
  ])('D-112, D-114: a %s of a parser is a WrappedAttributeError with its cause, and a 500', async (_name, bug) => {
    const { logger, errors } = errorLog();
    class Broken extends BaseParser {
      readonly mediaType = '*/*';
      async parse(): Promise<never> {
        throw bug;
      }
    }
    const answer = await call(
      viewOf((request) => request.data, { parsers: [Broken], logger }),
      { method: 'POST', body: 'x' },
    );
    expect(answer.status).toBe(500);
    expect(errors[0]).toBeInstanceOf(WrappedAttributeError);
    expect((errors[0] as Error).cause).toBe(bug);
  });

  it('D-112: another error of a parser passes unchanged', async () => {
    const { logger, errors } = errorLog();
    const bug = new RangeError('bug');
    class Broken extends BaseParser {
      readonly mediaType = '*/*';
      parse(): never {
        throw bug;
      }
    }
    expect(
      (
        await call(
          viewOf((request) => request.data, { parsers: [Broken], logger }),
          { method: 'POST', body: 'x' },
        )
      ).status,
    ).toBe(500);
    expect(errors).toEqual([bug]);
  });

  it('is not known before the body was read, and says how to wait', async () => {
    let seen: unknown[] = [];
    class Early {
      async hasPermission(request: Request): Promise<boolean> {
        seen = [attempt(() => request.data)];
        await request.load();
        seen.push(request.data);
        return true;
      }
    }
    class View extends APIView {
      static override permissionClasses = [Early];
      static override authenticationClasses = [];
      override post(request: Request): Response {
        return new Response(request.data);
      }
    }
    expect((await call(View.asView(), { method: 'POST', body: { a: 1 } })).json).toEqual({ a: 1 });
    expect(seen[0]).toBeInstanceOf(DataPending);
    expect((seen[0] as Error).message).toContain('await request.load()');
    expect(seen[1]).toEqual({ a: 1 });
  });

  it('D-133: a clone shares what was read', async () => {
    const view = viewOf((request) => [cloneRequest(request, 'PUT').data === request.data]);
    expect((await call(view, { method: 'POST', body: {} })).json).toEqual([true]);
  });
});

describe('request.body()', () => {
  it('gives the bytes, before and after parsing', async () => {
    const view = viewOf(async (request) => {
      const { data } = request;
      return [String(await request.body()), data, String(await request.body())];
    });
    expect((await call(view, { method: 'POST', headers: json, body: ' {"a": 1}' })).json).toEqual([
      ' {"a": 1}',
      { a: 1 },
      ' {"a": 1}',
    ]);
  });

  it('asked first leaves the data to the parsers', async () => {
    class Signed {
      async authenticate(request: Request): Promise<null> {
        await request.body();
        return null;
      }
    }
    class View extends APIView {
      static override authenticationClasses = [Signed];
      override post(request: Request): Response {
        return new Response(request.data);
      }
    }
    expect((await call(View.asView(), { method: 'POST', body: { a: 1 } })).json).toEqual({ a: 1 });
  });

  it('may be asked by several at once, while the body is being parsed too', async () => {
    class Busy {
      async hasPermission(request: Request): Promise<boolean> {
        const bytes = request.body();
        await pause(5);
        const [first, second] = await Promise.all([bytes, request.body(), request.load()]);
        return first === second && first.length === 13;
      }
    }
    class View extends APIView {
      static override permissionClasses = [Busy];
      static override authenticationClasses = [];
      override post(request: Request): Response {
        return new Response(request.data);
      }
    }
    const server = await serve(View.asView());
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"abc"',
    );
    await pause(20);
    socket.write(':"def"}');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    await server.close();
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(text).toMatch(/\{"abc":"def"\}$/);
  });

  it('is empty without a body', async () => {
    expect((await call(viewOf(async (request) => (await request.body()).length))).json).toBe(0);
  });

  it('over the limit is 413 for each who asks', async () => {
    const view = viewOf(
      async (request) => {
        const [first, second] = await Promise.allSettled([request.body(), request.body()]);
        return [
          (first as PromiseRejectedResult).reason.statusCode,
          (second as PromiseRejectedResult).reason.statusCode,
        ];
      },
      { dataUploadMaxMemorySize: 10, parsers: [] },
    );
    expect((await call(view, { method: 'POST', body: 'x'.repeat(20) })).json).toEqual([413, 413]);
    expect((await call(view, { method: 'POST', body: 'x'.repeat(20), chunked: true })).json).toEqual([413, 413]);
  });

  it('D-130: a second view on the same request reads it again', async () => {
    const first = viewOf((request) => Promise.reject(new Error(JSON.stringify(request.data))));
    const answer = await call((raw, sink) => first(raw, sink, () => echo(raw, sink)), {
      method: 'POST',
      body: { a: 1 },
    });
    expect(answer.json).toEqual([{ a: 1 }]);
  });
});

describe('a host that has read the body', () => {
  const behind = (middleware: unknown, view: Handler): Handler => {
    const app = express();
    app.use(middleware as never);
    app.use(view as never);
    return app as never;
  };

  it('D-128: what its parser made is the data', async () => {
    const answer = await call(behind(express.json(), echo), { method: 'POST', body: { a: 1 } });
    expect(answer.json).toEqual([{ a: 1 }]);
    const other = await call(behind(express.json(), echo), { method: 'POST', headers: form, body: 'a=1' });
    expect(other.json).toEqual([{ a: '1' }]);
  });

  it('D-128: still only a type that the view takes', async () => {
    const view = viewOf((request) => request.data, { parsers: [FormParser] });
    expect((await call(behind(express.json(), view), { method: 'POST', body: { a: 1 } })).status).toBe(415);
  });

  it('D-129: who has swallowed the bytes makes the data an error that says how to keep them', async () => {
    const { logger, errors } = errorLog();
    const swallow = (raw: HostRequest & { resume(): void }, _response: unknown, next: () => void): void => {
      raw.on!('end', () => {
        next();
      });
      raw.resume();
    };
    const view = viewOf((request) => request.data, { logger });
    const direct: Handler = (raw, sink) =>
      new Promise((resolve) => {
        swallow(raw as never, sink, () => {
          void view(raw, sink).then(resolve);
        });
      });
    expect((await call(direct, { method: 'POST', body: { a: 1 } })).status).toBe(500);
    expect(String(errors[0])).toContain('express.json({ verify(req, res, bytes) { req.rawBody = bytes; } })');
  });

  it('may keep the bytes for those who check signatures', async () => {
    const keep = express.json({
      verify: (raw, _response, bytes) => {
        (raw as { rawBody?: Buffer }).rawBody = bytes;
      },
    });
    const view = viewOf(async (request) => [String(await request.body()), request.data]);
    const answer = await call(behind(keep, view), { method: 'POST', headers: json, body: '{"a": 1}' });
    expect(answer.json).toEqual(['{"a": 1}', { a: 1 }]);
  });
});

describe('a client that goes away in the middle of its body', () => {
  it('makes a parse error and no more', async () => {
    const outcomes: unknown[] = [];
    const view = viewOf((request) => {
      outcomes.push(attempt(() => request.data));
    });
    const server = await serve(view);
    const socket = connect(server.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":');
    await pause(20);
    socket.destroy();
    while (outcomes.length === 0) await pause(5);
    expect(outcomes[0]).toBeInstanceOf(ParseError);
    expect((await server.request({ method: 'POST', body: {} })).status).toBe(200);
    await server.close();
  });
});
