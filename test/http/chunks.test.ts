import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { BodyInterrupted, type BodySource } from '../../src/http/body';
import { ByteCollector } from '../../src/http/byte-collector';
import { chunksOf } from '../../src/http/chunks';

async function collect(source: Parameters<typeof chunksOf>[0]): Promise<string> {
  const bytes = new ByteCollector();
  for await (const chunk of chunksOf(source)) bytes.append(chunk);
  return bytes.take().toString();
}

describe('chunksOf', () => {
  it('gives the chunks as they come', async () => {
    const source = new PassThrough();
    const all = collect(source);
    source.write('a');
    setImmediate(() => {
      source.write('b');
      source.end('c');
    });
    expect(await all).toBe('abc');
  });

  it('holds the source back while the caller is busy', async () => {
    const source = new PassThrough({ highWaterMark: 10 });
    const chunks = chunksOf(source);
    source.write('0123456789');
    await chunks.next();
    expect(source.write('0123456789')).toBe(false);
    expect(source.isPaused()).toBe(true);
    source.end();
    expect((await chunks.next()).value?.toString()).toBe('0123456789');
    expect((await chunks.next()).done).toBe(true);
  });

  it('lets the rest pass when the caller stops', async () => {
    const source = new PassThrough();
    source.write('a');
    for await (const chunk of chunksOf(source)) {
      expect(chunk.toString()).toBe('a');
      break;
    }
    const ended = new Promise((resolve) => source.once('end', resolve));
    source.end('b');
    await ended;
    expect(source.listenerCount('data')).toBe(0);
  });

  it.each<[string, (source: PassThrough) => void]>([
    ['closes', (source) => source.destroy()],
    ['fails', (source) => source.destroy(new Error('reset'))],
  ])('is interrupted by a source that %s early', async (_how, end) => {
    const source = new PassThrough();
    const all = collect(source);
    source.write('a');
    setImmediate(() => {
      end(source);
    });
    await expect(all).rejects.toThrow(BodyInterrupted);
    await expect(collect(source)).rejects.toThrow(BodyInterrupted);
  });

  it('is interrupted by a stream of HTTP/2 that was reset, though that ends', async () => {
    const source = Object.assign(new PassThrough(), { aborted: true });
    source.end('a');
    await expect(collect(source)).rejects.toThrow(BodyInterrupted);
  });

  it('takes a source that can’t be held back', async () => {
    const source = new EventEmitter() as EventEmitter & BodySource;
    const all = collect(source);
    await Promise.resolve();
    for (const text of ['a', 'b', 'c']) source.emit('data', Buffer.from(text));
    source.emit('end');
    source.emit('error', new Error('too late to matter'));
    expect(await all).toBe('abc');
  });
});

describe('ByteCollector', () => {
  it('keeps what it is given, in order, and is empty after it was taken', () => {
    const bytes = new ByteCollector();
    for (let i = 0; i < 1000; i++) bytes.append(Buffer.from([i % 256]));
    expect(bytes.size).toBe(1000);
    const first = bytes.take();
    expect([...first]).toEqual(Array.from({ length: 1000 }, (_, i) => i % 256));
    expect([bytes.size, bytes.take().length]).toEqual([0, 0]);
    bytes.append(Buffer.from('again'));
    expect([first[0], bytes.take().toString()]).toEqual([0, 'again']);
  });
});
