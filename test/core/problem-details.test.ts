import { describe, expect, it } from '@jest/globals';
import type { Response } from 'sallyport';
import { APIView, defineSettings, NotFound, problemDetailsHandler, ValidationError } from 'sallyport';
import { call, errorLog } from '../support/server';

abstract class AppView extends APIView {
  static override settings = defineSettings({
    exceptionHandler: problemDetailsHandler,
    defaultAuthenticationClasses: [],
    logger: errorLog().logger,
  });
}
class Missing extends AppView {
  override get(): Response {
    throw new NotFound('No such note.', 'no_note');
  }
  override post(): Response {
    throw new ValidationError({ title: ['This field is required.'] });
  }
  override put(): Response {
    throw new Error('secret');
  }
}

describe('problemDetailsHandler', () => {
  it('describes an error with its text and code', async () => {
    const answer = await call(Missing.asView());
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'No such note.',
      code: 'no_note',
    });
  });

  it('describes errors of fields by field', async () => {
    const answer = await call(Missing.asView(), { method: 'POST' });
    expect(answer.json).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      errors: { title: ['This field is required.'] },
    });
  });

  it('leaves a bug to the host', async () => {
    const answer = await call(Missing.asView(), { method: 'PUT' });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
  });
});
