import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openNotebook, type Notebook } from './notebook';

let notebook: Notebook;
beforeEach(async () => {
  notebook = await openNotebook();
});
afterEach(() => notebook.close());

async function usernames(): Promise<unknown[]> {
  const rows: { username: string }[] = await notebook.orm.em
    .getConnection()
    .execute('SELECT username FROM auth_user ORDER BY id');
  return rows.map(({ username }) => username);
}

describe('the demo', () => {
  it('is made once, and its tokens stay the same', async () => {
    const first = await notebook.prepareDemo();
    expect(first).not.toBeNull();
    expect(await notebook.prepareDemo()).toEqual(first);
    expect(await usernames()).toEqual(['ann', 'bob', 'guest', 'staff']);
  });

  it('brings back a note that was deleted', async () => {
    const first = (await notebook.prepareDemo())!;
    expect((await notebook.client(first.tokens.bob).delete(`/notes/${String(first.notes.diary)}`)).status).toBe(204);
    const second = (await notebook.prepareDemo())!;
    expect(second.notes).toEqual({ ...first.notes, diary: expect.any(Number) });
    expect(second.notes.diary).not.toBe(first.notes.diary);
  });

  it('leaves a database alone that has users of its own', async () => {
    await notebook.users.createUser({ username: 'ann', email: 'ann@elsewhere.example' });
    expect(await notebook.prepareDemo()).toBeNull();
    expect(await usernames()).toEqual(['ann']);
  });
});
