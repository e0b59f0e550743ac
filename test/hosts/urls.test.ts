import { describe, expect, it } from '@jest/globals';
import express from 'express';
import express4 from 'express4';
import { path, reverse } from 'sallyport';
import type { Handler, Params, Request } from 'sallyport';
import { call } from '../support/server';
import { describeHosts } from './hosts';
import { viewOf } from './views';

describeHosts('reverse', ({ serve, host }) => {
  it('gives the URL of a view by its name', async () => {
    const note = viewOf(() => 'note', {}, 'note');
    const urls = [path('/notes/<int:pk>', note.asView(), { name: 'note' })];
    const index = viewOf(
      (request) => reverse('note', { request, params: { pk: 7 } }),
      // Where the host finds the view, the routes are known by the settings.
      host.routes ? { urls } : {},
      'index',
    );
    const site = await serve({ views: { '/notes/<int:pk>': note, '/': index } });
    const url = new URL((await site.request('/')).json as string);
    expect([url.protocol, url.hostname, url.pathname]).toEqual(['http:', '127.0.0.1', '/notes/7']);
  });
});

describe.each([
  ['Express 4', express4],
  ['Express 5', express],
])('a view in a mounted app of %s', (_name, framework) => {
  it('knows the URL of the client', async () => {
    const inner = framework.Router();
    inner.all(
      '/notes/:pk',
      viewOf((request: Request, params: Params) => [
        request.path,
        request.raw.url,
        request.buildAbsoluteUri(),
        params,
      ]).asView() as never,
    );
    const app = framework();
    app.use('/api', inner);
    const answer = await call(app as unknown as Handler, { path: '/api/notes/7?x=1', headers: { Host: 'a.example' } });
    expect(answer.json).toEqual(['/api/notes/7', '/notes/7?x=1', 'http://a.example/api/notes/7?x=1', { pk: '7' }]);
  });
});
