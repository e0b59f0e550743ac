import { MemorySessionStore } from 'sallyport/testing';
import { describeSessionStore } from '../support/contracts/session-store';

describeSessionStore('MemorySessionStore', async () => ({
  store: new MemorySessionStore(),
  inRequest: (work) => work(),
}));
