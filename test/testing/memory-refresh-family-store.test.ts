import { MemoryRefreshFamilyStore } from 'sallyport/testing';
import { describeRefreshFamilyStore } from '../support/contracts/refresh-family-store';

describeRefreshFamilyStore('The families in memory', () =>
  Promise.resolve({ store: new MemoryRefreshFamilyStore(), inRequest: (work) => work() }),
);
