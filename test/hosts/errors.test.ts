import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { errorLog } from '../support/server';
import { describeHosts } from './hosts';
import { viewOf } from './views';

const unhandled: unknown[] = [];
const note = (reason: unknown): void => {
  unhandled.push(reason);
};
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
});

const failures = {
  '/at-once': () => {
    throw new Error('bug');
  },
  '/later': async () => {
    await pause(1);
    throw new Error('bug');
  },
};

describeHosts(
  'an error that no view answers',
  ({ serve }) => {
    it.each(Object.entries(failures))('goes to the host, once: %s', async (path, work) => {
      const errors: unknown[] = [];
      const { logger, errors: logged } = errorLog();
      const site = await serve({ views: { [path]: viewOf(work, { logger }) }, onError: (error) => errors.push(error) });
      const answer = await site.request(path);
      expect([answer.status, answer.text]).toEqual([500, 'answered by the host']);
      expect(errors).toEqual([new Error('bug')]);
      await pause(5);
      expect([logged, unhandled]).toEqual([[], []]);
    });
  },
  { hasNext: true },
);

describeHosts(
  'an error that no view answers',
  ({ serve }) => {
    it.each(Object.entries(failures))('is reported and answered without a word about it: %s', async (path, work) => {
      const { logger, errors } = errorLog();
      const site = await serve({ views: { [path]: viewOf(work, { logger }) } });
      const answer = await site.request(path);
      expect([answer.status, answer.json]).toEqual([500, { error: 'Server Error (500)' }]);
      expect(errors).toEqual([new Error('bug')]);
      const head = await site.request(path, { method: 'HEAD' });
      expect([head.status, head.text]).toEqual([500, '']);
      await pause(5);
      expect(unhandled).toEqual([]);
    });
  },
  { hasNext: false },
);

describeHosts('a path that no view serves', ({ serve, host }) => {
  it('is answered 404, by the host where that routes', async () => {
    const site = await serve({ views: { '/': viewOf(() => 'ok') } });
    const answer = await site.request('/other', { headers: { Accept: 'application/json' } });
    expect(answer.status).toBe(404);
    if (!host.routes) expect(answer.json).toEqual({ detail: 'Not found.' });
    expect((await site.request('/other', { method: 'HEAD' })).text).toBe('');
  });
});
