import { MemoryKnoxStore, MemoryUserStore } from 'sallyport/testing';
import type { User } from 'sallyport';
import type { AuthToken } from 'sallyport/knox';
import { describeKnoxStore } from '../support/contracts/knox-store';

describeKnoxStore('MemoryKnoxStore', async () => {
  const users = new MemoryUserStore();
  let count = 0;
  return {
    store: new MemoryKnoxStore<AuthToken<User>>(),
    createUser: () => users.createUser({ username: `user ${String(++count)}` }),
    inRequest: (work) => work(),
  };
});
