import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const MIB = 1024 * 1024;
const MULTIPART = { 'Content-Type': 'multipart/form-data; boundary=x' };
const HEAD = '--x\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n\r\n';
const END = '\r\n--x--\r\n';
const chunk = Buffer.alloc(64 * 1024, 'x');

let folder: string;
let server: ChildProcess;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'uploads-'));
  server = spawn(process.execPath, [join(__dirname, 'fixtures/upload-server.cjs'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(server.stdout!, 'data')) as [Buffer];
  port = Number(line.toString());
});
afterAll(() => {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function answerOf(outgoing: ClientRequest): Promise<string> {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const piece of incoming) chunks.push(piece as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The most memory that the server has used since it was last asked. */
async function memory(): Promise<number> {
  await wait(50);
  return Number(await answerOf(httpRequest({ port, path: '/memory' }).end()));
}

async function writeFile(outgoing: ClientRequest, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    if (!outgoing.write(chunk)) await once(outgoing, 'drain');
  }
}

async function upload(bytes: number): Promise<string> {
  const outgoing = httpRequest({ port, method: 'POST', headers: MULTIPART });
  const answer = answerOf(outgoing);
  outgoing.write(HEAD);
  await writeFile(outgoing, bytes);
  outgoing.end(END);
  return answer;
}

async function emptied(): Promise<boolean> {
  for (let i = 0; i < 250 && readdirSync(folder).length > 0; i++) await wait(20);
  return readdirSync(folder).length === 0;
}

describe('an upload of 200 MB', () => {
  it('takes no more than 60 MB of memory, and leaves no file', async () => {
    await upload(MIB);
    const idle = await memory();
    expect(JSON.parse(await upload(200 * MIB))).toEqual({ size: 200 * MIB, read: 200 * MIB });
    expect((await memory()) - idle).toBeLessThan(60 * MIB);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes no more as a body without a form', async () => {
    const idle = await memory();
    const headers = { 'Content-Type': 'image/png', 'Content-Disposition': 'attachment; filename=large.png' };
    const outgoing = httpRequest({ port, method: 'POST', headers });
    const answer = answerOf(outgoing);
    await writeFile(outgoing, 200 * MIB);
    outgoing.end();
    expect(JSON.parse(await answer)).toEqual({ size: 200 * MIB, read: 200 * MIB });
    expect((await memory()) - idle).toBeLessThan(60 * MIB);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves no file when the client breaks off', async () => {
    const outgoing = httpRequest({ port, method: 'POST', headers: MULTIPART });
    outgoing.on('error', () => undefined);
    outgoing.write(HEAD);
    await writeFile(outgoing, 100 * MIB);
    expect(readdirSync(folder)).toHaveLength(1);
    outgoing.destroy();
    expect(await emptied()).toBe(true);
  });

  it('leaves no file, and little memory, from fifty clients who break off anywhere', async () => {
    const idle = await memory();
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const outgoing = httpRequest({ port, method: 'POST', headers: MULTIPART });
        outgoing.on('error', () => undefined);
        outgoing.write(HEAD);
        await writeFile(outgoing, (i % 10) * MIB);
        await wait(i);
        outgoing.destroy();
      }),
    );
    expect(await emptied()).toBe(true);
    expect(JSON.parse(await upload(MIB))).toEqual({ size: MIB, read: MIB });
    expect((await memory()) - idle).toBeLessThan(300 * MIB);
  });
});
