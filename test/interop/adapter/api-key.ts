import { checkPassword } from 'sallyport';
import { apiKeyHashers } from 'sallyport/api-key';
import { hashers } from '../hashers';
import type { Kinds } from './answers';

export const apiKeyKinds = {
  'api_key.check': async ({ key, hashed_key: encoded }: Record<'key' | 'hashed_key', string>) => {
    const { ok } = await checkPassword(key, encoded, [...apiKeyHashers, ...hashers] as typeof apiKeyHashers);
    return { ok };
  },
} satisfies Kinds;
