import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { APIView, AnonRateThrottle, defineSettings, handle, onResponse, path, Response } from 'sallyport';
import type { Handler, Request, SettingsInput, ViewResult } from 'sallyport';
import { toFetchHandler } from 'sallyport/fetch';
import { errorLog } from '../support/server';

const { logger } = errorLog();

/** A view whose every method is `work`. */
function viewOf(work: (request: Request) => unknown, options: SettingsInput = {}): Handler {
  const settings = defineSettings({ defaultAuthenticationClasses: [], logger, ...options });
  class Worker extends APIView {
    static override settings = settings;
    override async get(request: Request): Promise<ViewResult> {
      const answer = await work(request);
      return answer instanceof Response || answer instanceof globalThis.Response ? answer : new Response(answer);
    }
    override post(request: Request): Promise<ViewResult> {
      return this.get(request);
    }
    override delete(request: Request): Promise<ViewResult> {
      return this.get(request);
    }
  }
  return Worker.asView();
}

const ask = (
  view: Handler,
  init?: RequestInit,
  url = 'https://api.example.com/a%20b?x=1',
): Promise<globalThis.Response> => toFetchHandler(view)(new globalThis.Request(url, init));

/** A body in parts, of which each comes when the one before has been taken. */
function streamOf(...parts: readonly string[]): ReadableStream<Uint8Array> {
  const rest = parts.values();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = rest.next();
      if (done === true) controller.close();
      else controller.enqueue(Buffer.from(value));
    },
  });
}

describe("a view on the platform's requests", () => {
  it('sees method, URL, headers and scheme', async () => {
    const view = viewOf((request) => [
      request.method,
      request.path,
      request.queryParams.get('x'),
      request.headers.get('X-Name'),
      request.buildAbsoluteUri(),
      request.META['REMOTE_ADDR'],
    ]);
    const answer = await ask(view, { method: 'DELETE', headers: { 'x-name': 'ann' } });
    expect(answer.headers.get('content-type')).toBe('application/json');
    const text = await answer.text();
    expect(answer.headers.get('content-length')).toBe(String(text.length));
    expect(JSON.parse(text)).toEqual(['DELETE', '/a%20b', '1', 'ann', 'https://api.example.com/a%20b?x=1', null]);
  });

  it('takes the host that the client named', async () => {
    const view = viewOf((request) => request.getHost());
    expect(await (await ask(view)).json()).toBe('api.example.com');
    expect(await (await ask(view, { headers: { Host: 'other.example' } })).json()).toBe('other.example');
  });

  it('is told the rest by the platform', async () => {
    const view = viewOf(({ META, raw }) => [META['REMOTE_USER'], META['REMOTE_ADDR'], raw.params]);
    const api = toFetchHandler(view, (_request, info: { address: string }, user: string) => ({
      remoteAddress: info.address,
      params: { pk: '7' },
      META: { REMOTE_USER: user },
    }));
    const answer = await api(new globalThis.Request('http://a/'), { address: '192.0.2.1' }, 'ann');
    expect(await answer.json()).toEqual(['ann', '192.0.2.1', { pk: '7' }]);
  });

  it('counts anonymous clients by the address that the platform gives', async () => {
    const options = { defaultThrottleClasses: [AnonRateThrottle], defaultThrottleRates: { anon: '1/m' } };
    const api = toFetchHandler(
      viewOf(() => 'ok', options),
      (_request, remoteAddress: string) => ({ remoteAddress }),
    );
    const visit = async (address: string): Promise<number> =>
      (await api(new globalThis.Request('http://a/'), address)).status;
    expect([await visit('192.0.2.1'), await visit('192.0.2.1'), await visit('192.0.2.2')]).toEqual([200, 429, 200]);
  });

  it('stands in a list of routes', async () => {
    const api = toFetchHandler(
      handle([
        path(
          '/notes/<int:pk>',
          viewOf((request) => request.raw.params),
        ),
      ]),
    );
    expect(await (await api(new globalThis.Request('http://a/notes/7'))).json()).toEqual({ pk: 7 });
    const missing = await api(new globalThis.Request('http://a/other'));
    expect([missing.status, await missing.json()]).toEqual([404, { detail: 'Not found.' }]);
  });

  it('answers HEAD with the length and no body', async () => {
    const answer = await ask(
      viewOf(() => 'pong'),
      { method: 'HEAD' },
    );
    expect([answer.status, answer.headers.get('content-length'), answer.body]).toEqual([200, '6', null]);
  });

  it.each([204, 304])('answers %d without a body', async (status) => {
    const answer = await ask(viewOf(() => new Response('x', { status })));
    expect([answer.status, answer.body]).toEqual([status, null]);
  });

  it('answers 205 without a body, as the platform knows none there', async () => {
    const answer = await ask(viewOf(() => new Response('x', { status: 205 })));
    expect([answer.status, answer.body]).toEqual([205, null]);
  });

  it('sets several cookies, those of hooks too', async () => {
    const view = viewOf((request) => {
      onResponse(request.raw, ({ headers }) => {
        headers.append('Set-Cookie', 'c=3');
      });
      return new Response(null, { headers: { 'Set-Cookie': ['a=1; Path=/', 'b=2'] } });
    });
    expect((await ask(view)).headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2', 'c=3']);
  });

  it('leaves headers that a wrapper has set beside its own', async () => {
    const view = viewOf(() => new Response(null, { headers: { Vary: 'Cookie', 'Set-Cookie': 'b=2' } }));
    const answer = await ask((raw, response) => {
      response.setHeader('Vary', 'Origin');
      response.setHeader('Set-Cookie', ['a=1']);
      response.setHeader('X-Count', 3);
      response.setHeader('Content-Type', 'text/html');
      return view(raw, response);
    });
    expect(Object.fromEntries(answer.headers)).toMatchObject({ vary: 'Origin, Cookie', 'x-count': '3' });
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('content-type')).toBeNull();
  });
});

describe('a body', () => {
  const echo = viewOf((request) => request.data);

  it('is read and parsed', async () => {
    expect(
      await (
        await ask(echo, { method: 'POST', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } })
      ).json(),
    ).toEqual({ a: 1 });
    expect(await (await ask(echo, { method: 'POST', body: new URLSearchParams({ a: 'ü' }) })).json()).toEqual({
      a: 'ü',
    });
  });

  it('comes in parts', async () => {
    const body = streamOf('{"a":', '', '[1,', '2]}');
    const init = { method: 'POST', body, duplex: 'half', headers: { 'Content-Type': 'application/json' } } as const;
    expect(await (await ask(echo, init)).json()).toEqual({ a: [1, 2] });
  });

  it('holds files', async () => {
    const form = new FormData();
    form.set('name', 'notes');
    form.set('file', new File(['x'.repeat(100_000)], 'notes.txt'));
    const view = viewOf(async (request) => {
      const file = request.files.get('file') as { name: string; size: number };
      return [request.POST.get('name'), file.name, file.size];
    });
    expect(await (await ask(view, { method: 'POST', body: form })).json()).toEqual(['notes', 'notes.txt', 100_000]);
  });

  it('is empty where there is none', async () => {
    const view = viewOf((request) => [request.hasBody, request.data]);
    for (const method of ['POST', 'DELETE']) expect(await (await ask(view, { method })).json()).toEqual([false, {}]);
  });

  it('over the limit is refused, and not read to its end', async () => {
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(Buffer.alloc(1000, ' '));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const view = viewOf((request) => request.data, { dataUploadMaxMemorySize: 10_000 });
    const headers = { 'Content-Type': 'application/json' };
    const abort = new AbortController();
    const init = { method: 'POST', body: endless, duplex: 'half', headers, signal: abort.signal } as const;
    const answer = await ask(view, init);
    expect([answer.status, await answer.json()]).toEqual([413, { detail: 'Request body is too large.' }]);
    abort.abort();
    await pause(5);
    expect(cancelled).toBe(true);
  });

  it('that breaks off is a parse error, and the process lives', async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(Buffer.from('{"a":'));
      },
      pull: (controller) => {
        controller.error(new Error('connection reset'));
      },
    });
    const headers = { 'Content-Type': 'application/json' };
    const answer = await ask(echo, { method: 'POST', body: broken, duplex: 'half', headers } as const);
    expect([answer.status, await answer.json()]).toEqual([400, { detail: 'Request body ended early.' }]);
  });

  it('that the client gives up ends the reading', async () => {
    const abort = new AbortController();
    let cancelled = false;
    const waiting = new ReadableStream<Uint8Array>({
      cancel: () => {
        cancelled = true;
        throw new Error('can not stop');
      },
    });
    const headers = { 'Content-Type': 'application/json' };
    const init = { method: 'POST', body: waiting, duplex: 'half', headers, signal: abort.signal } as const;
    const answer = ask(echo, init);
    await pause(5);
    abort.abort();
    expect((await answer).status).toBe(400);
    expect(cancelled).toBe(true);
  });
});

describe('an answer in parts', () => {
  /** Bytes without end, and what has become of them. */
  function endless(): { readonly body: ReadableStream<Uint8Array>; produced: number; cancelled: boolean } {
    const state = {
      produced: 0,
      cancelled: false,
      body: new ReadableStream<Uint8Array>({
        pull: (controller) => {
          state.produced++;
          controller.enqueue(Buffer.alloc(1000, 'x'));
        },
        cancel: () => {
          state.cancelled = true;
        },
      }),
    };
    return state;
  }

  it('reaches the reader as it is made', async () => {
    const answer = await ask(viewOf(() => new globalThis.Response(streamOf('a', 'b', 'c'))));
    expect(await answer.text()).toBe('abc');
  });

  it('is made no faster than it is read', async () => {
    const source = endless();
    const answer = await ask(viewOf(() => new globalThis.Response(source.body)));
    await pause(10);
    expect(source.produced).toBeLessThan(10);
    await answer.body!.cancel();
    await pause(5);
    expect(source.cancelled).toBe(true);
  });

  it('ends at its source when the client gives the request up', async () => {
    const source = endless();
    const abort = new AbortController();
    const answer = await ask(
      viewOf(() => new globalThis.Response(source.body)),
      { signal: abort.signal },
    );
    abort.abort(new Error('gone'));
    await pause(5);
    expect(source.cancelled).toBe(true);
    await expect(answer.text()).rejects.toThrow('gone');
  });

  it('that breaks off is an error to the reader', async () => {
    const { logger, errors } = errorLog();
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(Buffer.from('half'));
      },
      pull: (controller) => {
        controller.error(new Error('disk'));
      },
    });
    const answer = await ask(viewOf(() => new globalThis.Response(broken), { logger }));
    await expect(answer.text()).rejects.toThrow('The answer broke off.');
    expect(errors).toEqual([new Error('disk')]);
  });

  it('that breaks off before its first byte is an error to the reader', async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.error(new Error('disk'));
      },
    });
    const answer = await ask(viewOf(() => new globalThis.Response(broken)));
    await expect(answer.text()).rejects.toThrow('The answer broke off.');
  });

  it('may be a redirect', async () => {
    const answer = await ask(viewOf(() => globalThis.Response.redirect('https://other.example/', 302)));
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'https://other.example/']);
  });
});

describe('an error', () => {
  it.each([
    ['that nobody knows', new Error('bug'), 'get'],
    ['of a status that cannot be sent', undefined, 600],
    ['of a status that is none', undefined, NaN],
  ])('%s is reported and answered with a bare 500', async (_name, error, status) => {
    const { logger, errors } = errorLog();
    const view = viewOf(
      () => {
        if (error !== undefined) throw error;
        return new Response('x', { status: status });
      },
      { logger },
    );
    const answer = await ask(view);
    expect([answer.status, await answer.json()]).toEqual([500, { error: 'Server Error (500)' }]);
    expect(errors).toEqual([error ?? expect.any(RangeError)]);
  });

  it('of a header that cannot be sent is a bare 500', async () => {
    const answer = await ask(viewOf(() => new Response('x', { headers: { 'X-Name': 'a\r\nb' } })));
    expect(answer.status).toBe(500);
  });

  it('of a handler that breaks its word reaches the platform', async () => {
    await expect(ask(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('of the description reaches the platform', async () => {
    const api = toFetchHandler(
      viewOf(() => 'ok'),
      () => {
        throw new Error('no address');
      },
    );
    await expect(api(new globalThis.Request('http://a/'))).rejects.toThrow('no address');
  });
});

describe('a handler of your own', () => {
  it('may write as on Node', async () => {
    const answer = await ask(async (_raw, response) => {
      response.statusCode = 202;
      response.setHeader('X-Old', 'a');
      response.removeHeader('X-Old');
      expect(response.getHeader('X-Old')).toBeUndefined();
      response.write(Buffer.from('a'));
      expect(response.headersSent).toBe(true);
      response.end('b');
      expect(response.writableEnded).toBe(true);
    });
    expect([answer.status, answer.headers.has('x-old'), await answer.text()]).toEqual([202, false, 'ab']);
  });

  it('may end at once', async () => {
    const answer = await ask(async (_raw, response) => {
      response.end();
    });
    expect([answer.status, answer.body]).toEqual([200, null]);
  });
});
