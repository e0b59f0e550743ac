import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheSchema } from 'sallyport/mikro-orm';
import { startHitWorkers } from '../support/hit-workers';
import type { HitWorkers } from '../support/hit-workers';
import { openOrm } from './support';
import type { TestOrm } from './support';

describe('Processes that share a PostgreSQL', () => {
  let test: TestOrm;
  let workers: HitWorkers;
  beforeAll(async () => {
    test = await openOrm([CacheSchema]);
    workers = await startHitWorkers(4, 'postgresql', test.url);
  });
  afterAll(async () => {
    await workers.stop();
    await test.close();
  });

  it.each(Array.from({ length: 20 }, (_, i) => i + 1))('admit exactly the limit together, time %i', async (time) => {
    const allowed = await workers.hit(`race ${String(time)}`, { limit: 100, duration: 60, now: time }, 64);
    expect(allowed.reduce((sum, each) => sum + each)).toBe(100);
  });

  it('admit exactly the limit when many hundreds come, while rows are cleared', async () => {
    const allowed = await workers.hit('flood', { limit: 123, duration: 60, now: 0 }, 500);
    expect(allowed.reduce((sum, each) => sum + each)).toBe(123);
  });
});
