import { describe, expect, it } from '@jest/globals';
import { buildMeta } from '../../src/http/meta';

const meta = (headers: Record<string, string | string[]>, additions?: Record<string, string>) =>
  buildMeta({ method: 'GET', path: '/', query: '', headers, remoteAddress: undefined, additions });

describe('buildMeta', () => {
  it('D-089: no client header can pose as a value of the server', () => {
    const built = meta({
      'remote-user': 'x',
      'request-method': 'x',
      'path-info': 'x',
      'remote-addr': 'x',
      'http-remote-user': 'x',
      remote_user: 'x',
      'x_under-score': 'x',
    });
    expect(built).toEqual({
      REQUEST_METHOD: 'GET',
      PATH_INFO: '/',
      QUERY_STRING: '',
      REMOTE_ADDR: undefined,
      HTTP_REMOTE_USER: 'x',
      HTTP_REQUEST_METHOD: 'x',
      HTTP_PATH_INFO: 'x',
      HTTP_REMOTE_ADDR: 'x',
      HTTP_HTTP_REMOTE_USER: 'x',
    });
  });

  it('what the server in front adds wins', () => {
    expect(meta({ 'x-a': 'client' }, { HTTP_X_A: 'server', REMOTE_USER: 'ann' })).toMatchObject({
      HTTP_X_A: 'server',
      REMOTE_USER: 'ann',
    });
  });

  it('cannot be written to', () => {
    expect(Object.isFrozen(meta({}))).toBe(true);
  });
});
