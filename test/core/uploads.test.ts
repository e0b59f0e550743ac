import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { APIView, defineSettings, MultiPartParser, Response, ValidationError } from 'sallyport';
import type { Handler, ParserClasses, Request, Settings, SettingsInput, UploadedFile, ViewResult } from 'sallyport';
import { multipart, typed, type Part } from '../support/multipart';
import { call, errorLog, serve, type Answer } from '../support/server';

describe('uploaded files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'uploads-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const small = { name: 'small', filename: 's', content: 'abc' };
  const large = { name: 'large', filename: '../l', content: 'x'.repeat(200_000) };
  const onDisk = (): SettingsInput => ({ fileUploadMaxMemorySize: 1000, fileUploadTempDir: folder });

  /** Answers what `use` makes of the files. */
  function viewOf(
    use: (files: (name: string) => UploadedFile, request: Request) => ViewResult | Promise<ViewResult>,
    settings: SettingsInput = {},
  ): Handler {
    class Use extends APIView {
      static override settings: Settings = defineSettings({ ...onDisk(), ...settings });
      static override parserClasses: ParserClasses = [MultiPartParser];
      override post(request: Request): ViewResult | Promise<ViewResult> {
        return use((name) => request.files.get(name) as UploadedFile, request);
      }
    }
    return Use.asView();
  }
  const upload = (handler: Handler, parts: readonly Part[] = [large]): Promise<Answer> =>
    call(handler, { ...typed(), body: multipart(parts) });

  async function emptied(): Promise<boolean> {
    for (let i = 0; i < 100 && readdirSync(folder).length > 0; i++) await wait(20);
    return readdirSync(folder).length === 0;
  }

  it('rest in memory as long as all of them fit, then on disk (D-288)', async () => {
    const { json } = await upload(
      viewOf((files) => {
        const path = files('large').temporaryPath!;
        expect(dirname(dirname(path))).toBe(folder);
        expect(statSync(path).mode & 0o777).toBe(0o600);
        expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
        expect(readFileSync(path, 'utf8')).toBe(large.content);
        return new Response([files('small').temporaryPath, files('large').size]);
      }),
      [small, large],
    );
    expect(json).toEqual([null, 200_000]);
  });

  it('share the memory', async () => {
    const third = (name: string): Part => ({ name, filename: name, content: 'x'.repeat(400) });
    const { json } = await upload(
      viewOf((files) => new Response(['a', 'b', 'c'].map((name) => files(name).temporaryPath === null))),
      [third('a'), third('b'), third('c')],
    );
    expect(json).toEqual([true, true, false]);
  });

  it.each([small, large])('can be read again and again, as $name ones', async (part) => {
    const { json } = await upload(
      viewOf(async (files) => {
        const file = files(part.name);
        const chunks: Buffer[] = [];
        for await (const chunk of file.stream()) chunks.push(chunk as Buffer);
        const ways = [await file.text(), (await file.bytes()).toString(), Buffer.concat(chunks).toString()];
        return new Response(ways.map((text) => text === part.content));
      }),
      [part],
    );
    expect(json).toEqual([true, true, true]);
  });

  it('are gone when the answer comes (D-288)', async () => {
    const { status } = await upload(viewOf(() => new Response('ok')));
    expect(status).toBe(200);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are gone after an error for the client, and after a bug', async () => {
    const { logger, errors } = errorLog();
    const refused = await upload(
      viewOf((): never => {
        throw new ValidationError('no');
      }),
    );
    expect([refused.status, readdirSync(folder)]).toEqual([400, []]);
    const bug = viewOf(
      (): never => {
        throw new Error('a bug');
      },
      { logger },
    );
    expect([(await upload(bug)).status, readdirSync(folder), errors.length]).toEqual([500, [], 1]);
  });

  it('are gone when the host has answered an error', async () => {
    const app = express();
    const bug = viewOf((): never => {
      throw new Error('a bug');
    });
    app.post('/', (request, response, next) => void bug(request, response, next));
    app.use(((_error, _request, response, _next) => {
      response.status(500).end();
    }) as express.ErrorRequestHandler);
    const { status } = await upload(app as unknown as Handler);
    expect(status).toBe(500);
    expect(await emptied()).toBe(true);
  });

  it('are gone after a body that was refused in the middle', async () => {
    const refusals = [
      [[large, { name: 'a', content: 'x'.repeat(20_000) }], { dataUploadMaxMemorySize: 10_000 }, 413],
      [[large, { ...large, content: 'QUJDR', headers: ['Content-Transfer-Encoding: base64'] }, large], {}, 400],
      [[large, large], { dataUploadMaxNumberFiles: 1 }, 413],
      [[large], { fileUploadMaxSize: 100_000 }, 413],
    ] as const;
    for (const [parts, settings, expected] of refusals) {
      const handler = viewOf((_files, request) => new Response(request.files.size), settings);
      const { status } = await call(handler, { ...typed(), body: multipart(parts), chunked: true });
      expect([status, readdirSync(folder)]).toEqual([expected, []]);
    }
  });

  it('are gone after an upload that broke off', async () => {
    const server = await serve(viewOf(() => new Response('ok')));
    const body = multipart([large, large]);
    const outgoing = httpRequest({
      port: server.port,
      ...typed(),
      headers: { ...typed().headers, 'Content-Length': body.length },
    });
    outgoing.on('error', () => undefined);
    outgoing.write(body.subarray(0, 300_000));
    while (readdirSync(folder).length === 0) await wait(5);
    outgoing.destroy();
    expect(await emptied()).toBe(true);
    await server.close();
  });

  it('can be the body of an answer, and are gone afterwards', async () => {
    const { text } = await upload(
      viewOf((files) => new globalThis.Response(Readable.toWeb(files('large').stream()) as ReadableStream)),
    );
    expect(text).toBe(large.content);
    expect(await emptied()).toBe(true);
  });

  it('stay where the view has moved them', async () => {
    const kept = join(tmpdir(), `kept-${String(process.pid)}`);
    await upload(
      viewOf((files) => {
        renameSync(files('large').temporaryPath!, kept);
        return new Response('ok');
      }),
    );
    expect(readFileSync(kept, 'utf8')).toBe(large.content);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(kept);
  });

  it('say after the request that they are gone', async () => {
    const seen: UploadedFile[] = [];
    await upload(
      viewOf((files) => {
        seen.push(files('large'));
        return new Response('ok');
      }),
    );
    await expect(seen[0]!.text()).rejects.toThrow('removed with its request');
    expect(() => seen[0]!.stream()).toThrow('removed with its request');
  });

  it('are refused with 413 where they don’t fit into memory and may not go to disk', async () => {
    const handler = viewOf((_files, request) => new Response(request.files.size), { fileUploadTempDir: null });
    expect((await upload(handler)).json).toEqual({ detail: 'Request body is too large.' });
    expect((await upload(handler, [small])).status).toBe(200);
  });

  it('that can’t be written are a server error', async () => {
    const { logger, errors } = errorLog();
    const settings = { fileUploadTempDir: join(folder, 'missing'), logger };
    const { status } = await upload(viewOf((_files, request) => new Response(request.data), settings));
    expect(status).toBe(500);
    expect(errors.at(-1)).toMatchObject({ code: 'ENOENT' });
  });

  it('come from a slow client as well', async () => {
    const server = await serve(viewOf(async (files) => new Response((await files('large').bytes()).length)));
    const body = multipart([{ ...large, content: 'x'.repeat(10_000_000) }]);
    const outgoing = httpRequest({ port: server.port, ...typed() });
    const answered = new Promise<string>((resolve) => {
      outgoing.on('response', (incoming) => {
        incoming.on('data', (chunk: Buffer) => {
          resolve(chunk.toString());
        });
      });
    });
    for (let i = 0; i < body.length; i += 100_000) {
      outgoing.write(body.subarray(i, i + 100_000));
      await wait(1);
    }
    outgoing.end();
    expect(await answered).toBe('10000000');
    await server.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('show neither their place nor their content when they are written to JSON', async () => {
    const { json } = await upload(viewOf((files) => new Response(files('large'))));
    expect(json).toEqual({ name: 'l', contentType: '', size: 200_000 });
  });
});
