import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { APIView, BaseRenderer, defineSettings, NotFound, onEnd, onResponse, Response } from 'sallyport';
import type { EndHook, Handler, HostRequest, Request, ResponseHook, ViewResult } from 'sallyport';
import { call, errorLog, serve } from '../support/server';

const { logger } = errorLog();
const quiet = defineSettings({ logger, defaultAuthenticationClasses: [] });

/** A view whose GET is `work`. */
function viewOf(work: (request: Request) => ViewResult | Promise<ViewResult>, settings = quiet): Handler {
  return class extends APIView {
    static override settings = settings;
    override get(request: Request): ViewResult | Promise<ViewResult> {
      return work(request);
    }
  }.asView();
}

/** Registers a hook on each request before the handler sees it. */
function withHook(handler: Handler, hook: ResponseHook): Handler {
  return (raw, sink, next) => {
    onResponse(raw, hook);
    return handler(raw, sink, next);
  };
}

/** Does the same with hooks of `onEnd`. */
function withEnd(handler: Handler, ...hooks: EndHook[]): Handler {
  return (raw, sink, next) => {
    for (const hook of hooks) onEnd(raw, hook);
    return handler(raw, sink, next);
  };
}

/** Calls a handler with a `next`, and gives what `next` was called with. */
async function passedOn(handler: Handler): Promise<unknown[][]> {
  const calls: unknown[][] = [];
  await call(async (raw, sink) => {
    await handler(raw, sink, (...args: unknown[]) => {
      calls.push(args);
      sink.end();
    });
  });
  return calls;
}

const throws = (error: unknown) => (): never => {
  throw error;
};

describe('an error that no exception handler knows', () => {
  it('goes to the next of the host, which answers', async () => {
    const error = new Error('bug');
    expect(await passedOn(viewOf(throws(error)))).toEqual([[error]]);
  });

  it('is reported and answered with a bare 500 where the host has none (D-063)', async () => {
    const { logger, errors } = errorLog();
    const error = new Error('bug');
    const answer = await call(viewOf(throws(error), defineSettings({ logger })));
    expect([answer.status, answer.text]).toEqual([500, '{"error":"Server Error (500)"}']);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(errors).toEqual([error]);
  });

  it('has no body in the answer to HEAD', async () => {
    const answer = await call(viewOf(throws(new Error('bug'))), { method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([500, '']);
  });

  it('is reported without the query, which may hold a secret', async () => {
    const lines: unknown[] = [];
    const settings = defineSettings({ logger: { error: (...line) => lines.push(line) } });
    await call(viewOf(throws(new Error('bug')), settings), { path: '/me?token=hunter2' });
    expect(lines).toEqual([[{ err: new Error('bug'), method: 'GET', path: '/me' }, 'Unhandled error: GET /me']]);
  });

  it.each([[undefined], [null], ['route'], ['router'], [0], [false], [Symbol('odd')]])(
    'never looks to the host like "no error" or a word of its own: throw %p',
    async (thrown) => {
      const [[passed] = []] = await passedOn(viewOf(throws(thrown)));
      expect(passed).toBeInstanceOf(Error);
      expect((passed as Error).cause).toBe(thrown);
    },
  );

  it('does not let Express go on to what stands behind the view', async () => {
    for (const thrown of [undefined, 'route', 'router']) {
      const app = express();
      app.get('/', viewOf(throws(thrown)) as never);
      app.get('/', (_request, response) => void response.send('open'));
      app.use(((_error, _request, response, _next) => {
        response.status(500).end();
      }) as express.ErrorRequestHandler);
      expect((await call(app as never)).status).toBe(500);
    }
  });

  it('ends in a 500 even when the logger fails too', async () => {
    const settings = defineSettings({ logger: { error: throws(new Error('disk full')) } });
    const server = await serve(viewOf(throws(new Error('bug')), settings));
    expect((await server.request()).status).toBe(500);
    expect((await server.request()).status).toBe(500);
    await server.close();
  });

  it('does not reject when the next of the host fails', async () => {
    const handler = viewOf(throws(new Error('bug')));
    let outcome = 'pending';
    const answer = await call(async (raw, sink) => {
      await handler(raw, sink, throws(new Error('host'))).then(
        () => (outcome = 'kept'),
        () => (outcome = 'rejected'),
      );
    });
    expect(outcome).toBe('kept');
    expect(answer.status).toBe(500);
  });

  it('breaks the connection off where half of the answer is out', async () => {
    const broken = new ReadableStream({
      async start(controller) {
        controller.enqueue(Buffer.from('half'));
        await pause(10);
        controller.error(new Error('disk'));
      },
    });
    await expect(call(viewOf(() => new globalThis.Response(broken)))).rejects.toThrow();
  });
});

describe('what a view answers', () => {
  it('rendering may be asynchronous', async () => {
    class Slow extends BaseRenderer {
      readonly mediaType = 'text/slow';
      readonly format = 'slow';
      async render(data: unknown): Promise<string> {
        await pause(1);
        return String(data);
      }
    }
    class View extends APIView {
      override get(): Response {
        return new Response('done');
      }
    }
    const answer = await call(View.asView({ rendererClasses: [Slow] }));
    expect([answer.text, answer.headers['content-type']]).toEqual(['done', 'text/slow; charset=utf-8']);
  });

  it.each([204, 304])('a %d has neither body nor length', async (status) => {
    const answer = await call(viewOf(() => new Response({ a: 1 }, { status })));
    expect([answer.status, answer.text]).toEqual([status, '']);
    expect(answer.headers['content-length']).toBeUndefined();
  });

  it('the length counts bytes, not characters', async () => {
    const answer = await call(viewOf(() => new Response('ß€😀')));
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength('"ß€😀"')));
    expect(answer.json).toBe('ß€😀');
  });

  it('a view cannot set a length or type that the body does not have', async () => {
    const headers = { 'Content-Length': '9999', 'content-type': 'text/html' };
    const answer = await call(viewOf(() => new Response('a', { headers })));
    expect(answer.headers).toMatchObject({ 'content-length': '3', 'content-type': 'application/json' });
  });

  it('a header that would split the answer is a server error', async () => {
    const view = viewOf(() => new Response('a', { headers: { 'X-Name': 'a\r\nSet-Cookie: evil=1' } }));
    const answer = await call(view);
    expect(answer.status).toBe(500);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('a status that is none is a server error', async () => {
    for (const status of [42, 1000, NaN]) {
      expect((await call(viewOf(() => new Response('a', { status })))).status).toBe(500);
    }
  });

  it('a rendering that fails is a server error, and not half an answer', async () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    for (const data of [NaN, circle, { toJSON: throws(new Error('no')) }]) {
      expect((await call(viewOf(() => new Response(data)))).status).toBe(500);
    }
  });

  it('writes nothing where the view has answered by the response of the host', async () => {
    const answer = await call(async (raw, sink) => {
      await viewOf(() => {
        sink.writeHead(202, []);
        sink.end('by hand');
        return new Response('too late');
      })(raw, sink);
    });
    expect([answer.status, answer.text]).toEqual([202, 'by hand']);
  });

  it('keeps cookies and Vary that the host has set, and takes its other headers over', async () => {
    const view = viewOf(() => new Response('a', { headers: { Vary: 'Cookie', 'Set-Cookie': 'b=2', 'X-Own': 'view' } }));
    const answer = await call(async (raw, sink) => {
      sink.setHeader('Vary', 'Origin');
      sink.setHeader('Set-Cookie', 'a=1');
      sink.setHeader('X-Own', 'host');
      sink.setHeader('X-Powered-By', 'host');
      await view(raw, sink);
    });
    expect(answer.headers).toMatchObject({
      vary: 'Origin, Cookie',
      'set-cookie': ['a=1', 'b=2'],
      'x-own': 'view',
      'x-powered-by': 'host',
    });
  });
});

describe("the platform's own response", () => {
  const text = (body: ConstructorParameters<typeof globalThis.Response>[0], init?: ResponseInit) =>
    viewOf(() => new globalThis.Response(body, init));

  it('streams its body', async () => {
    const parts = new ReadableStream({
      async start(controller) {
        for (const part of ['a', 'b', 'c']) {
          controller.enqueue(Buffer.from(part));
          await pause(1);
        }
        controller.close();
      },
    });
    expect((await call(text(parts))).text).toBe('abc');
  });

  it('streams more than the socket takes at once', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    let left = 100;
    const much = new ReadableStream({
      pull(controller) {
        if (left-- === 0) controller.close();
        else controller.enqueue(chunk);
      },
    });
    expect((await call(text(much))).text).toHaveLength(6_553_600);
  });

  it('may have no body', async () => {
    expect(await call(text(null, { status: 204 }))).toMatchObject({ status: 204, text: '' });
  });

  it('is answered to HEAD without its body, whose source hears that nobody reads it', async () => {
    let cancelled = false;
    const endless = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(Buffer.from('x'));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const answer = await call(text(endless), { method: 'HEAD' });
    expect([answer.status, answer.text, cancelled]).toEqual([200, '', true]);
  });

  it('a body that was read before is a broken answer, and the server lives', async () => {
    const used = new globalThis.Response('once');
    await used.text();
    const server = await serve(viewOf(() => used));
    for (let i = 0; i < 2; i++) {
      const outcome = await server.request().then(
        ({ status }) => status,
        () => 'broken',
      );
      expect([500, 'broken']).toContain(outcome);
    }
    await server.close();
  });

  /** Opens a connection, asks, and goes away when the first bytes have come. */
  async function visit(port: number, whenToLeave: 'at once' | 'after the head'): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    if (whenToLeave === 'after the head') await new Promise((resolve) => socket.once('data', resolve));
    else await pause(20);
    socket.destroy();
  }

  it('tells the source of a stream that waits when the client goes away', async () => {
    let cancelled: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => (cancelled = resolve));
    const server = await serve(
      viewOf(
        () =>
          new globalThis.Response(
            new ReadableStream({
              start: (controller) => {
                controller.enqueue(Buffer.from('first'));
              },
              cancel: () => {
                cancelled?.();
              },
            }),
          ),
      ),
    );
    await visit(server.port, 'after the head');
    await gone;
    await server.close();
  });

  it('is finished with when the client was gone before it began', async () => {
    const view = viewOf(async () => {
      await pause(60);
      return new globalThis.Response(Buffer.alloc(1_000_000, 'x'));
    });
    let finished: (() => void) | undefined;
    const done = new Promise<void>((resolve) => (finished = resolve));
    const server = await serve(async (raw, sink) => {
      await view(raw, sink);
      finished?.();
    });
    await visit(server.port, 'at once');
    await done;
    await server.close();
  });

  it('a source that fails to cancel does not end the process', async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown): unknown => unhandled.push(error);
    process.on('unhandledRejection', listen);
    const stream = (): ReadableStream =>
      new ReadableStream({
        start: (controller) => {
          controller.enqueue(Buffer.from('first'));
        },
        cancel: () => Promise.reject(new Error('cancel')),
      });
    const server = await serve(viewOf(() => new globalThis.Response(stream())));
    await visit(server.port, 'after the head');
    await pause(30);
    await server.close();
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });
});

describe('onEnd', () => {
  const teapot = Object.assign(new Error('short and stout'), { status: 418 });
  const ends: [string, () => ViewResult, number][] = [
    ['an answer', () => new Response('a', { status: 201 }), 201],
    ['an answer of the platform', () => new globalThis.Response('raw', { status: 202 }), 202],
    ['an error that was handled', throws(new NotFound()), 404],
    ['an error that was not', throws(new Error('bug')), 500],
    ['an error with a status', throws(teapot), 418],
  ];

  it.each(ends)(
    'runs once for %s, with the status of the answer, or the one that the host is asked for',
    async (_name, work, status) => {
      const seen: number[] = [];
      const view = withEnd(viewOf(work), async (ended) => {
        await pause(1);
        seen.push(ended);
      });
      const answer = await call(view);
      await call((raw, sink) => view(raw, sink, () => sink.end()));
      expect(seen).toEqual([answer.status, status]);
    },
  );

  it('runs before the answer is out', async () => {
    let isOver = false;
    const view = withEnd(viewOf(throws(new Error('bug'))), async () => {
      await pause(5);
      isOver = true;
    });
    const seen: boolean[] = [];
    await call((raw, sink) =>
      view(raw, sink, () => {
        seen.push(isOver);
        sink.end();
      }),
    );
    expect(seen).toEqual([true]);
  });

  it('runs all hooks where one fails, which makes a 500 of an answer and hides no error', async () => {
    const { logger, errors } = errorLog();
    const settings = defineSettings({ logger });
    let runs = 0;
    const hooks: EndHook[] = [throws(new Error('of the hook')), () => void runs++];
    expect(
      (
        await call(
          withEnd(
            viewOf(() => new Response('a'), settings),
            ...hooks,
          ),
        )
      ).status,
    ).toBe(500);
    const bug = new Error('bug');
    expect(await passedOn(withEnd(viewOf(throws(bug), settings), ...hooks))).toEqual([[bug]]);
    expect(runs).toBe(2);
    expect(errors).toEqual([new Error('of the hook'), new Error('of the hook')]);
  });

  it('runs where a hook of onResponse has failed', async () => {
    const seen: number[] = [];
    const view = withHook(
      viewOf(() => new Response('a')),
      throws(new Error('store is down')),
    );
    await call(withEnd(view, (status) => void seen.push(status)));
    expect(seen).toEqual([500]);
  });
});

describe('onResponse', () => {
  it('runs once, before the head is written, and may add to it', async () => {
    let runs = 0;
    const view = withHook(
      viewOf(() => new Response('a')),
      async (head) => {
        runs++;
        await pause(1);
        head.headers.append('Set-Cookie', 'session=1');
        head.headers.set('X-Status', String(head.status));
      },
    );
    const answer = await call(view);
    expect(answer.headers).toMatchObject({ 'set-cookie': ['session=1'], 'x-status': '200' });
    expect(runs).toBe(1);
  });

  it('runs on errors that were handled, on errors that were not, and on answers of the platform', async () => {
    const answers: [() => ViewResult, number][] = [
      [throws(new NotFound()), 404],
      [throws(new Error('bug')), 500],
      [() => new globalThis.Response('raw'), 200],
    ];
    for (const [work, status] of answers) {
      const hook: ResponseHook = (head) => {
        head.headers.append('Set-Cookie', `status=${String(head.status)}`);
      };
      const answer = await call(withHook(viewOf(work), hook));
      expect([answer.status, answer.headers['set-cookie']]).toEqual([status, [`status=${String(status)}`]]);
    }
  });

  it('does not run where the host gets the error: the answer is the host’s', async () => {
    let runs = 0;
    await passedOn(withHook(viewOf(throws(new Error('bug'))), () => void runs++));
    expect(runs).toBe(0);
  });

  it('that fails makes a 500, once', async () => {
    let runs = 0;
    const hook: ResponseHook = () => {
      runs++;
      throw new Error('store is down');
    };
    expect(
      (
        await call(
          withHook(
            viewOf(() => new Response('a')),
            hook,
          ),
        )
      ).status,
    ).toBe(500);
    expect((await call(withHook(viewOf(throws(new Error('bug'))), hook))).status).toBe(500);
    expect(runs).toBe(2);
  });

  it('that sets a header which cannot be sent makes a 500, and the handler keeps its word never to reject', async () => {
    const hook: ResponseHook = (head) => {
      head.headers.set('X-Bad', 'a\nb');
    };
    for (const work of [() => new Response('a'), throws(new Error('bug'))]) {
      const handler = withHook(viewOf(work), hook);
      let outcome = 'pending';
      const answer = await call(async (raw, sink) => {
        await handler(raw, sink).then(
          () => (outcome = 'kept'),
          () => (outcome = 'rejected'),
        );
      });
      expect([answer.status, outcome]).toEqual([500, 'kept']);
    }
  });

  it('never leaves the cookie of one client in an answer that the app gives to all', async () => {
    const pong = new Response('pong', { headers: { 'X-Own': 'kept' } });
    const view = viewOf(() => pong);
    const server = await serve((raw, sink) => {
      if (raw.url === '/ann') {
        onResponse(raw, (head) => {
          head.status = 202;
          head.headers.append('Set-Cookie', 'session=of-ann');
        });
      }
      return view(raw, sink);
    });
    const forAnn = await server.request({ path: '/ann' });
    const forAll = await server.request({ path: '/' });
    await server.close();
    expect([forAnn.status, forAnn.headers['set-cookie']]).toEqual([202, ['session=of-ann']]);
    expect([forAll.status, forAll.headers['set-cookie'], forAll.headers['x-own']]).toEqual([200, undefined, 'kept']);
  });

  it('is shared by two views on one request', async () => {
    const cookies: ResponseHook = (head) => {
      head.headers.append('Set-Cookie', 'a=1');
    };
    const first = viewOf((request) => {
      onResponse(request.raw, cookies);
      throw new Error('bug');
    });
    const second = viewOf(() => new Response('second'));
    const answer = await call((raw, sink) => first(raw, sink, () => second(raw, sink)));
    expect([answer.json, answer.headers['set-cookie']]).toEqual(['second', ['a=1']]);
  });
});

describe('aroundDispatch', () => {
  it('runs around the view, and sees whether an exception handler made the answer', async () => {
    const steps: unknown[] = [];
    const settings = defineSettings({
      defaultAuthenticationClasses: [],
      aroundDispatch: async (_raw: HostRequest, run) => {
        steps.push('begin');
        const answer = await run();
        steps.push((answer as Response).exception ? 'roll back' : 'commit');
        return answer;
      },
    });
    const view = viewOf(() => {
      steps.push('view');
      return new Response('a');
    }, settings);
    expect((await call(view)).status).toBe(200);
    expect((await call(viewOf(throws(new NotFound()), settings))).status).toBe(404);
    expect(steps).toEqual(['begin', 'view', 'commit', 'begin', 'roll back']);
  });

  it('that fails is an error like any other', async () => {
    const error = new Error('no connection');
    const settings = defineSettings({ aroundDispatch: throws(error) });
    expect(await passedOn(viewOf(() => new Response('a'), settings))).toEqual([[error]]);
  });

  it('that forgets to answer is an error, not a hang', async () => {
    const settings = defineSettings({ logger, aroundDispatch: async () => undefined as never });
    expect((await call(viewOf(() => new Response('a'), settings))).status).toBe(500);
  });
});

describe('hosts', () => {
  it('is a request listener of node:http as it stands', async () => {
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- a handler never rejects
    const server = createServer(viewOf(() => new Response('node')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const response = await fetch(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
    expect(await response.json()).toBe('node');
    server.close();
  });

  it('stands in Express as it is, also in a mounted app, where the path is that of the client', async () => {
    const inner = express();
    inner.all('/notes/:pk', viewOf((request) => new Response([request.path, request.raw.params])) as never);
    const app = express();
    app.use('/api', inner);
    const answer = await call(app as never, { path: '/api/notes/7?x=1' });
    expect(answer.json).toEqual(['/api/notes/7', { pk: '7' }]);
  });
});
