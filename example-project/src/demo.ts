import type { EntityManager } from '@mikro-orm/core';
import { User } from 'sallyport';
import { orm, tokens, users } from './database';
import { Note } from './note';

/** Whoever reads this file knows the passwords: one reason why the server listens on this machine alone. */
const ACCOUNTS = [
  { username: 'ann', email: 'ann@notebook.example', password: 'ann-demo' },
  { username: 'bob', email: 'bob@notebook.example', password: 'bob-demo' },
  { username: 'guest', email: 'guest@notebook.example', password: 'guest-demo' },
  { username: 'staff', email: 'staff@notebook.example', password: 'staff-demo', isStaff: true },
];

/** What there is to play with: keys of tokens, and primary keys of notes. */
export interface Demo {
  readonly tokens: { readonly ann: string; readonly bob: string; readonly guest: string; readonly staff: string };
  readonly notes: { readonly shopping: number; readonly diary: number; readonly recipe: number };
}

/** Makes the users once, and notes that are missing. Null for a database with users of its own, which is left alone. */
export async function prepareDemo(): Promise<Demo | null> {
  const em = orm.em.fork();
  if ((await em.count(User)) === 0) await em.transactional(createAccounts);
  const find = ({ username, email }: { username: string; email: string }) => em.findOne(User, { username, email });
  const [ann, bob, guest, staff] = await Promise.all(ACCOUNTS.map(find));
  if (!ann || !bob || !guest || !staff) return null;

  return {
    tokens: {
      ann: await tokenOf(ann),
      bob: await tokenOf(bob),
      guest: await tokenOf(guest),
      staff: await tokenOf(staff),
    },
    notes: {
      shopping: await noteOf(em, { owner: ann, title: 'Shopping', text: 'Ink, paper, tea.', shared: false }),
      diary: await noteOf(em, { owner: bob, title: 'Diary', text: 'For nobody but me.', shared: false }),
      recipe: await noteOf(em, { owner: bob, title: 'Recipe', text: 'Flour, water, salt, time.', shared: true }),
    },
  };
}

async function createAccounts(): Promise<void> {
  for (const account of ACCOUNTS) await users.createUser(account);
}

async function tokenOf(user: User): Promise<string> {
  const [token] = await tokens.getOrCreate(user);
  return token.key;
}

async function noteOf(em: EntityManager, fields: Pick<Note, 'owner' | 'title' | 'text' | 'shared'>): Promise<number> {
  const { owner, title, shared } = fields;
  let note = await em.findOne(Note, { owner, title, shared });
  if (note === null) {
    note = em.create(Note, { ...fields, created: new Date() });
    await em.persist(note).flush();
  }
  return note.id;
}
