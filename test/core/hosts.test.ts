import { describe, expect, it } from '@jest/globals';
import { APIView, BadRequest, defineSettings, DisallowedHost, Response } from 'sallyport';
import type { Handler, Request, SettingsInput } from 'sallyport';
import { call, errorLog } from '../support/server';

function viewOf(options: SettingsInput, work: (request: Request) => unknown): Handler {
  class Worker extends APIView {
    static override settings = defineSettings({ defaultAuthenticationClasses: [], ...options });
    override async get(request: Request): Promise<Response> {
      return new Response(await work(request));
    }
  }
  return Worker.asView();
}

describe('the host of a request', () => {
  const url = (request: Request): string => request.buildAbsoluteUri('/x');

  it('is whatever the client says, by default', async () => {
    const answer = await call(viewOf({}, url), { headers: { Host: 'any.example:8000' } });
    expect(answer.json).toBe('http://any.example:8000/x');
  });

  it('is one of those that the site answers for, else the answer is 400 (A-088, D-063)', async () => {
    const log = errorLog();
    const view = viewOf({ allowedHosts: ['api.example.com'], logger: log.logger }, url);
    expect((await call(view, { headers: { Host: 'api.example.com' } })).json).toBe('http://api.example.com/x');
    const refused = await call(view, { headers: { Host: 'evil.example' } });
    expect([refused.status, refused.json]).toEqual([400, { error: 'Bad Request (400)' }]);
    expect(log.errors).toEqual([]);
  });

  it('is not looked at where nobody asks for it', async () => {
    const view = viewOf({ allowedHosts: ['api.example.com'] }, () => 'ok');
    expect((await call(view, { headers: { Host: 'evil.example' } })).status).toBe(200);
  });

  it('is named by a trusted proxy, where the settings say that there is one', async () => {
    const headers = { Host: 'internal', 'X-Forwarded-Host': 'api.example.com' };
    expect((await call(viewOf({ useXForwardedHost: true }, url), { headers })).json).toBe('http://api.example.com/x');
    expect((await call(viewOf({}, url), { headers })).json).toBe('http://internal/x');
    const checked = viewOf({ useXForwardedHost: true, allowedHosts: ['internal'] }, url);
    expect((await call(checked, { headers })).status).toBe(400);
  });
});

describe('a bad request', () => {
  it('goes to the host that has a place for errors, with its status', async () => {
    const passed: unknown[] = [];
    const view = viewOf({ allowedHosts: [] }, (request) => request.getHost());
    await call(async (request, response) => {
      await view(request, response, (error) => {
        passed.push(error);
        response.statusCode = 400;
        response.end();
      });
    });
    expect(passed).toEqual([expect.any(DisallowedHost)]);
    expect(passed[0]).toMatchObject({ status: 400, statusCode: 400, httpCode: 400, expose: false });
  });

  it('has no body for HEAD', async () => {
    const view = viewOf({}, () => {
      throw new BadRequest('broken');
    });
    const answer = await call(view, { method: 'HEAD' });
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([400, '', '29']);
  });
});
