import { CONSTANTS, hashToken } from 'sallyport/knox';
import type { Kinds } from './answers';

export const knoxKinds = {
  'knox.digest': ({ token }: { readonly token: string }) => ({
    digest: hashToken(token),
    token_key: Array.from(token).slice(0, CONSTANTS.TOKEN_KEY_LENGTH).join(''),
  }),
} satisfies Kinds;
