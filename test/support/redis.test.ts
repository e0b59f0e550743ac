import { expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeWithRedis, startRedis } from './redis';

describeWithRedis('the Redis of a test file', () => {
  it('takes its folder with it', async () => {
    const server = await startRedis();
    expect(existsSync(server.path)).toBe(true);
    await server.stop();
    expect(existsSync(dirname(server.path))).toBe(false);
  });

  it('that can not start says why, at once', async () => {
    const path = '/no/such/folder';
    await expect(startRedis(['--dir', path])).rejects.toThrow(/^Redis did not start\.\n[^]*\/no\/such\/folder/);
  });
});
