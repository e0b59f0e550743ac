import { jest } from '@jest/globals';
import type * as sallyport from 'sallyport';
import type * as testing from 'sallyport/testing';
import type * as database from '../../example-project/src/database';
import type * as demo from '../../example-project/src/demo';
import type * as urls from '../../example-project/src/urls';
import { createDatabase } from '../support/database';

/** The example in this process, on an empty database of its own. */
export interface Notebook {
  readonly orm: typeof database.orm;
  readonly users: typeof database.users;
  readonly prepareDemo: typeof demo.prepareDemo;
  /** A client, with this key of a token if one is given. */
  client(token?: string): testing.APIClient;
  close(): Promise<void>;
}

export async function openNotebook(): Promise<Notebook> {
  const { url, drop } = await createDatabase();
  const example = loadExample(url);
  await example.orm.migrator.up();
  return {
    ...example,
    async close() {
      await example.orm.close();
      await drop();
    },
  };
}

/** Loads its modules afresh, since they ask the environment for the database when they are loaded. */
function loadExample(databaseUrl: string): Omit<Notebook, 'close'> {
  const before = process.env['DATABASE_URL'];
  process.env['DATABASE_URL'] = databaseUrl;
  jest.resetModules();
  const { orm, users } = jest.requireActual<typeof database>('../../example-project/src/database');
  if (before === undefined) delete process.env['DATABASE_URL'];
  else process.env['DATABASE_URL'] = before;

  const { prepareDemo } = jest.requireActual<typeof demo>('../../example-project/src/demo');
  const app = jest
    .requireActual<typeof sallyport>('sallyport')
    .handle(jest.requireActual<typeof urls>('../../example-project/src/urls').urls);
  const { APIClient } = jest.requireActual<typeof testing>('sallyport/testing');
  const client = (token?: string): testing.APIClient => {
    const made = new APIClient(app, { testRequestDefaultFormat: 'json' });
    if (token !== undefined) made.credentials({ Authorization: `Token ${token}` });
    return made;
  };
  return { orm, users, prepareDemo, client };
}
