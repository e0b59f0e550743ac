import { tokenStore, userStore } from 'sallyport/mikro-orm';
import { describeTokenStore } from '../support/contracts/token-store';
import { ApiToken, openOrm } from './support';

describeTokenStore('The store of tokens on PostgreSQL', async () => {
  const { orm, inRequest, close } = await openOrm();
  const users = userStore(orm);
  let count = 0;
  return {
    store: tokenStore(orm),
    otherModel: ApiToken,
    createUser: () => users.createUser({ username: `user${String(++count)}` }),
    inRequest,
    close,
  };
});
