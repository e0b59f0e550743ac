import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startHitWorkers } from '../support/hit-workers';
import type { HitWorkers } from '../support/hit-workers';
import { describeWithRedis, startRedis } from '../support/redis';
import type { TestRedis } from '../support/redis';

describeWithRedis('Processes that share a Redis', () => {
  let server: TestRedis;
  let workers: HitWorkers;
  beforeAll(async () => {
    server = await startRedis();
    workers = await startHitWorkers(4, 'redis', server.path);
  });
  afterAll(async () => {
    await workers.stop();
    await server.stop();
  });

  it.each(Array.from({ length: 20 }, (_, i) => i + 1))('admit exactly the limit together, time %i', async (time) => {
    const allowed = await workers.hit(`race ${String(time)}`, { limit: 100, duration: 60, now: time }, 64);
    expect(allowed.reduce((sum, each) => sum + each)).toBe(100);
  });

  it('admit exactly the limit when many hundreds come', async () => {
    const allowed = await workers.hit('flood', { limit: 123, duration: 60, now: 0 }, 500);
    expect(allowed.reduce((sum, each) => sum + each)).toBe(123);
  });
});
