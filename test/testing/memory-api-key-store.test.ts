import { AbstractAPIKey } from 'sallyport/api-key';
import { MemoryAPIKeyStore } from 'sallyport/testing';
import { describeAPIKeyStore } from '../support/contracts/api-key-store';

class TeamKey extends AbstractAPIKey {
  team!: string;
}

describeAPIKeyStore('MemoryAPIKeyStore', async () => ({
  store: new MemoryAPIKeyStore(),
  otherModel: TeamKey,
  inRequest: (work) => work(),
}));
