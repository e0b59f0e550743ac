import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Demo } from '../../example-project/src/demo';
import { openNotebook, type Notebook } from './notebook';

let notebook: Notebook;
let tokens: Demo['tokens'];
beforeAll(async () => {
  notebook = await openNotebook();
  ({ tokens } = (await notebook.prepareDemo())!);
});
afterAll(() => notebook.close());

type Name = keyof Demo['tokens'];
const as = (name: Name) => notebook.client(tokens[name]);

/** A new note of somebody's; its path. */
async function newNote(owner: Name, fields: object = {}): Promise<string> {
  const { status, data } = await as(owner).post('/notes', { title: 'A title', text: 'A text', ...fields });
  expect(status).toBe(201);
  return `/notes/${String(data.id)}`;
}

describe('the list of notes', () => {
  it('holds the notes of the user and those that others share, the latest first', async () => {
    const own = await newNote('ann');
    const hidden = await newNote('bob');
    const shared = await newNote('bob', { shared: true });
    const { data } = await as('ann').get('/notes');
    const paths = data.map(({ id }: { id: number }) => `/notes/${String(id)}`);
    expect(paths.slice(0, 2)).toEqual([shared, own]);
    expect(paths).not.toContain(hidden);
  });

  it('lets guests read, not write', async () => {
    expect((await as('guest').get('/notes')).status).toBe(200);
    const { status, data } = await as('guest').post('/notes', { title: 'A title', text: 'A text' });
    expect([status, data]).toEqual([403, { detail: 'You do not have permission to perform this action.' }]);
  });

  it('tells where the new note is', async () => {
    const { headers, data } = await as('ann').post('/notes', { title: 'A title', text: 'A text', shared: true });
    const location = headers.get('location')!;
    expect(location).toBe(`http://testserver/notes/${String(data.id)}`);
    expect((await as('ann').get(location)).data).toEqual(data);
    expect(data).toMatchObject({ owner: 'ann', title: 'A title', text: 'A text', shared: true });
  });

  it('leaves out what is no field of a note', async () => {
    const { data } = await as('ann').post('/notes', { title: 'A title', text: 'A text', owner: 'bob', id: 1 });
    expect(data.owner).toBe('ann');
    expect(data.id).not.toBe(1);
  });

  it.each<[what: string, body: unknown, errors: object]>([
    ['nothing', {}, { title: ['This field is required.'], text: ['This field is required.'] }],
    ['null', { title: null, text: 'x' }, { title: ['This field may not be null.'] }],
    ['an empty title', { title: '', text: '' }, { title: ['This field may not be blank.'] }],
    ['no texts', { title: 5, text: ['x'] }, { title: ['Not a valid string.'], text: ['Not a valid string.'] }],
    [
      'a long title',
      { title: 'x'.repeat(201), text: '' },
      { title: ['Ensure this field has no more than 200 characters.'] },
    ],
    ['a null character', { title: 'x', text: 'a\0b' }, { text: ['Null characters are not allowed.'] }],
    ['no boolean', { title: 'x', text: 'x', shared: 'yes' }, { shared: ['Must be a valid boolean.'] }],
    ['null for one', { title: 'x', text: 'x', shared: null }, { shared: ['This field may not be null.'] }],
    ['a list', ['x'], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
    ['a text', 'x', { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] }],
  ])('refuses a note of %s, and says why', async (_what, body, errors) => {
    const { status, data } = await as('ann').post('/notes', body);
    expect([status, data]).toEqual([400, errors]);
  });

  it('takes forms too', async () => {
    const form = { contentType: 'application/x-www-form-urlencoded' };
    const { status, data } = await as('ann').post('/notes', 'title=A+title&text=&shared=true', form);
    expect([status, data.title, data.text, data.shared]).toEqual([201, 'A title', '', true]);
  });
});

describe('a note', () => {
  it('is written anew, changed and deleted by its owner', async () => {
    const path = await newNote('ann', { shared: true });
    const put = await as('ann').put(path, { title: 'Another', text: 'Other words' });
    expect(put.data).toMatchObject({ title: 'Another', text: 'Other words', shared: false });
    const patch = await as('ann').patch(path, { shared: true });
    expect(patch.data).toEqual({ ...put.data, shared: true });
    expect((await as('ann').get(path)).data).toEqual(patch.data);
    expect((await as('ann').delete(path)).status).toBe(204);
    expect((await as('ann').get(path)).status).toBe(404);
  });

  it('stays as it was where a change is refused', async () => {
    const path = await newNote('ann');
    const before = (await as('ann').get(path)).data;
    expect((await as('ann').put(path, { text: 'x' })).data).toEqual({ title: ['This field is required.'] });
    expect((await as('ann').patch(path, { text: 'x', title: null })).status).toBe(400);
    expect((await as('ann').get(path)).data).toEqual(before);
  });

  it('does not exist for others while it is private', async () => {
    const path = await newNote('bob');
    for (const name of ['ann', 'guest', 'staff'] as const) {
      const client = as(name);
      const note = { title: 'x', text: 'x' };
      const answers = [client.get(path), client.put(path, note), client.patch(path, note), client.delete(path)];
      for (const { status, data } of await Promise.all(answers))
        expect([status, data]).toEqual([404, { detail: 'Not found.' }]);
    }
  });

  it('is read by others where it is shared, and changed by its owner and the staff only', async () => {
    const path = await newNote('bob', { shared: true });
    for (const name of ['ann', 'guest'] as const) {
      expect((await as(name).get(path)).status).toBe(200);
      expect((await as(name).patch(path, { text: 'x' })).status).toBe(403);
      expect((await as(name).put(path, { title: 'x', text: 'x' })).status).toBe(403);
      expect((await as(name).delete(path)).status).toBe(403);
    }
    expect((await as('staff').patch(path, { text: 'x' })).data.text).toBe('x');
    expect((await as('staff').delete(path)).status).toBe(204);
  });

  it.each(['0', '2147483647', '2147483648', '1'.padEnd(40, '0')])('is not found under the number %s', async (id) => {
    expect((await as('ann').get(`/notes/${id}`)).status).toBe(404);
  });

  it('asks for credentials before anything else (S-152)', async () => {
    const { status, headers } = await notebook.client().get('/notes/1');
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Token']);
  });
});

describe('the other views', () => {
  it('tell anybody what is where', async () => {
    expect((await notebook.client().get('/')).data).toEqual({
      login: 'http://testserver/login',
      me: 'http://testserver/me',
      notes: 'http://testserver/notes',
      users: 'http://testserver/users',
    });
  });

  it('know a user by token or password', async () => {
    const byPassword = notebook.client();
    byPassword.credentials({ Authorization: `Basic ${Buffer.from('ann:ann-demo').toString('base64')}` });
    expect((await byPassword.get('/me')).data).toEqual({ username: 'ann', staff: false, by: 'password' });
    expect((await as('staff').get('/me')).data).toEqual({ username: 'staff', staff: true, by: 'token' });
    const bySession = notebook.client();
    await bySession.post('/auth/login/', { username: 'ann', password: 'ann-demo' });
    expect((await bySession.get('/me')).data).toEqual({ username: 'ann', staff: false, by: 'session' });
    await bySession.post('/auth/logout/');
    expect((await bySession.get('/me')).status).toBe(401);
    expect((await notebook.client().get('/me')).status).toBe(401);
  });

  it('list the users for the staff', async () => {
    const names = (await as('staff').get('/users')).data.map(({ username }: { username: string }) => username);
    expect(names).toEqual(['ann', 'bob', 'guest', 'staff']);
    expect((await as('ann').get('/users')).status).toBe(403);
    expect((await notebook.client().get('/users')).status).toBe(401);
  });

  it('let five logins in a minute pass, whatever address the client makes up', async () => {
    const client = notebook.client();
    const login = (password: string, n: number) =>
      client.post('/login', { username: 'ann', password }, { headers: { 'X-Forwarded-For': `192.0.2.${String(n)}` } });
    expect((await login('ann-demo', 1)).data).toEqual({ token: tokens.ann, username: 'ann' });
    for (const n of [2, 3, 4, 5]) expect((await login('guess', n)).status).toBe(400);
    const { status, headers } = await login('ann-demo', 6);
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
