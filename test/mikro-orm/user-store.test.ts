import { describeUserStore } from '../support/contracts/user-store';
import { userStore } from 'sallyport/mikro-orm';
import { openOrm } from './support';

describeUserStore('The store of users on PostgreSQL', async (hashers) => {
  const { orm, inRequest, close } = await openOrm();
  const store = userStore(orm, { hashers });
  return { store, createUser: (fields) => store.createUser(fields), inRequest, close };
});
