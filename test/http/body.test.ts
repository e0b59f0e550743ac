import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { BodyInterrupted, BodyTooLarge, readBody } from '../../src/http/body';

describe('readBody', () => {
  it('gives all bytes, of one chunk or many', async () => {
    for (const chunks of [[], ['abc'], ['a', 'b', 'c']]) {
      const source = new PassThrough();
      const pending = readBody(source, 10);
      for (const chunk of chunks) source.write(chunk);
      source.end();
      expect(String(await pending)).toBe(chunks.join(''));
    }
  });

  it('takes exactly the limit, and not a byte more', async () => {
    const read = (size: number, limit: number | null): Promise<Buffer> => {
      const source = new PassThrough();
      source.end(Buffer.alloc(size));
      return readBody(source, limit);
    };
    expect((await read(10, 10)).length).toBe(10);
    expect((await read(0, 0)).length).toBe(0);
    expect((await read(1_000_000, null)).length).toBe(1_000_000);
    await expect(read(11, 10)).rejects.toBeInstanceOf(BodyTooLarge);
  });

  it('keeps nothing of a body that goes on over the limit', async () => {
    const source = new PassThrough();
    const pending = readBody(source, 10);
    source.write(Buffer.alloc(11));
    await expect(pending).rejects.toBeInstanceOf(BodyTooLarge);
    source.end();
  });

  it('is told when the client goes away, before, during or with an error', async () => {
    const gone = new PassThrough();
    gone.destroy();
    await expect(readBody(gone, 10)).rejects.toBeInstanceOf(BodyInterrupted);

    const closing = new PassThrough();
    const pending = readBody(closing, 10);
    closing.write('a');
    closing.destroy();
    await expect(pending).rejects.toBeInstanceOf(BodyInterrupted);

    const failing = new PassThrough();
    const failed = readBody(failing, 10);
    failing.destroy(new Error('ECONNRESET'));
    await expect(failed).rejects.toMatchObject({ cause: new Error('ECONNRESET') });
  });

  it('an error after the end is nobody’s, and ends no process', async () => {
    const source = new EventEmitter();
    const pending = readBody(source as never, 10);
    source.emit('data', Buffer.from('a'));
    source.emit('end');
    await pending;
    expect(() => source.emit('error', new Error('late'))).not.toThrow();
  });

  it('listens no more to a body that was too large', async () => {
    const source = new PassThrough();
    const pending = readBody(source, 10);
    source.write(Buffer.alloc(11));
    await expect(pending).rejects.toBeInstanceOf(BodyTooLarge);
    expect(source.listenerCount('data')).toBe(0);
  });

  it('a stream that closes after its end has given its body', async () => {
    const source = new PassThrough();
    const closed = once(source, 'close');
    const pending = readBody(source, 10);
    source.end('a');
    await closed;
    expect(String(await pending)).toBe('a');
  });
});
