import { MemoryBlacklistStore } from 'sallyport/testing';
import { describeBlacklistStore } from '../support/contracts/blacklist-store';

describeBlacklistStore('MemoryBlacklistStore', async () => ({
  store: new MemoryBlacklistStore(),
  userPk: 1,
  inRequest: (work) => work(),
}));
